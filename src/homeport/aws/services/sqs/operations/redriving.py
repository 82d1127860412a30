"""Whether a queue may have the dead-letter queue that its attributes name."""

from collections.abc import Mapping

from homeport.aws.services.sqs.errors import InvalidParameter
from homeport.aws.services.sqs.model.attributes import check_redrive_type
from homeport.aws.services.sqs.model.queue import QueueKey
from homeport.aws.services.sqs.model.redrive import parse_redrive
from homeport.aws.services.sqs.store import queues
from homeport.kernel.storage.database import Snapshot


def check_redrive(snapshot: Snapshot, source: QueueKey, attributes: Mapping[str, str]) -> None:
    """Check what a redrive policy names.

    Raises:
        InvalidParameter: the dead-letter queue does not exist, is of the other type, in another account or region,
            or does not allow this queue.
    """
    text = attributes.get("RedrivePolicy")
    if not text:
        return
    arn = parse_redrive(text).target
    if (arn.account, arn.region) != (source.account, source.region):
        reason = "Dead-letter queue must be in same account and region as the source."
        raise InvalidParameter("RedrivePolicy", text, reason)
    check_redrive_type(text, source.name, arn.resource)
    target = queues.find(snapshot, QueueKey(arn.account, arn.region, arn.resource))
    if target is None:
        raise InvalidParameter("RedrivePolicy", text, "Dead letter target does not exist.")
    if not target.settings.redrive_allow.allows(source.arn):
        reason = "Queue does not have permission to use the specified dead letter queue."
        raise InvalidParameter("RedrivePolicy", text, reason)
