"""Events of S3: posted in the transaction of the change, to every destination that the bucket names for them."""

from homeport.aws.call import Call
from homeport.aws.delivery import Delivery, Json
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.notifications import Destination, Event, Origin, destinations, record
from homeport.aws.services.s3.room import S3
from homeport.kernel.clock import Millis
from homeport.kernel.storage.database import Tx

INTERNAL = Origin("AmazonS3", "", "")
"""Who did what lifecycle rules do."""


def origin_of(call: Call) -> Origin:
    """Who is behind a call, as events tell it."""
    return Origin(call.access_key_id or "Anonymous", call.source_ip, call.request_id)


def post(s3: S3, tx: Tx, bucket: Bucket, event: Event, origin: Origin) -> None:
    """Tell of an event whoever wants to know, in the transaction of the change."""
    configuration = bucket.configurations.get("notification")
    if not configuration:
        return
    now = s3.clock.now()
    for destination in destinations(configuration):
        if destination.wants(event.name, event.key):
            send(s3, tx, bucket, destination, record(bucket, event, origin, destination.id, now), now)


def send(s3: S3, tx: Tx, bucket: Bucket, destination: Destination, message: Json, now: Millis) -> None:
    """Hand a message to the road that leads to its destination, in the words of the service there."""
    s3.deliveries.post(
        tx,
        Delivery(
            id=s3.ids.uuid(),
            via="s3",
            source=bucket.arn,
            target=destination.arn,
            payload=_payload(destination.service, message),
            created=now,
            account=bucket.account,
        ),
    )


def _payload(service: str, message: Json) -> dict[str, Json]:
    import orjson

    text = orjson.dumps(message).decode()
    match service:
        case "sqs":
            return {"MessageBody": text}
        case "sns":
            return {"Message": text, "Subject": "Amazon S3 Notification"}
        case _:
            return {"Payload": text}
