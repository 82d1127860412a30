"""Where a bucket's events go: set after each destination has taken a trial message."""

from collections.abc import Mapping
from typing import cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.errors import AwsError, OperationNotImplemented
from homeport.aws.services.s3 import events
from homeport.aws.services.s3.errors import InvalidDestinations
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.notifications import Destination, checked, destinations, trial
from homeport.aws.services.s3.operations.answers import Members
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.store import buckets
from homeport.kernel.storage.database import Tx

_GONE = {
    "sqs": "The destination queue does not exist",
    "sns": "The destination topic does not exist",
    "lambda": "Not authorized to invoke function",
}


async def get_bucket_notification(s3: S3, call: Call, bucket: Bucket, request: Mapping[str, object]) -> Members:
    """Where events go."""
    del s3, call, request
    return dict(cast("Mapping[str, object]", bucket.configurations.get("notification", {})))


async def put_bucket_notification(
    s3: S3, call: Call, bucket: Bucket, request: api.PutBucketNotificationConfigurationRequest
) -> Members:
    """Say where events go; each new destination gets `s3:TestEvent`.

    Raises:
        AwsError: the configuration makes no sense, or a destination is not there.
    """
    kept = checked(request["NotificationConfiguration"], iter(s3.ids.uuid, ""))
    found = list(destinations(kept))
    if not request.get("SkipDestinationValidation"):
        await _check_destinations(s3, call, found)
    message = trial(bucket, call.request_id, s3.clock.now())

    def change(tx: Tx, latest: Bucket) -> None:
        buckets.configure(tx, latest, "notification", kept or None)
        for destination in found:
            if destination.service != "lambda":
                events.send(s3, tx, latest, destination, message, s3.clock.now())

    await s3.change_bucket(bucket, change)
    return {}


async def _check_destinations(s3: S3, call: Call, found: list[Destination]) -> None:
    missing = []
    for destination in found:
        try:
            await _look(s3, call, destination)
        except OperationNotImplemented:
            continue
        except AwsError:
            missing.append((destination.arn, _GONE[destination.service]))
    if missing:
        raise InvalidDestinations("Unable to validate the following destination configurations", missing)


async def _look(s3: S3, call: Call, destination: Destination) -> None:
    """Ask the destination's service for it.

    Raises:
        AwsError: it is not there.
    """
    _, _, _, region, account, name = destination.arn.split(":", 5)
    there = call._replace(region=region, account=account)
    match destination.service:
        case "sqs":
            await s3.invoke(there, "sqs", "GetQueueUrl", {"QueueName": name, "QueueOwnerAWSAccountId": account})
        case "sns":
            await s3.invoke(there, "sns", "GetTopicAttributes", {"TopicArn": destination.arn})
        case _:
            await s3.invoke(there, "lambda", "GetFunctionConfiguration", {"FunctionName": destination.arn})
