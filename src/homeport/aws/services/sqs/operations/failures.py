"""One entry's error in the answer to a batch."""

from homeport.aws.api.sqs import BatchResultErrorEntry
from homeport.aws.errors import AwsError


def failed_entry(entry_id: str, error: AwsError) -> BatchResultErrorEntry:
    """The error as the batch's answer tells it."""
    return {"Id": entry_id, "SenderFault": error.fault == "Sender", "Code": error.code, "Message": error.message}
