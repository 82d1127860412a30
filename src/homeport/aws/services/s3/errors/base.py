"""What all of S3's errors share."""

from homeport.aws.errors import AwsError


class S3Error(AwsError):
    """An error of S3; `extra` holds the members that its document has beside code and message."""

    status = 400
