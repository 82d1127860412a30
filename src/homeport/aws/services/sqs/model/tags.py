"""Tags of a queue: how many, how long."""

from collections.abc import Mapping

from homeport.aws.services.sqs.errors import InvalidParameterValue

_MAX_TAGS = 50
_MAX_KEY, _MAX_VALUE = 128, 256


def check_tags(queue_name: str, old: Mapping[str, str], new: Mapping[str, str]) -> None:
    """Let a queue get these tags beside those that it has.

    Raises:
        InvalidParameterValue: there would be too many, or one is too long or reserved.
    """
    if len({**old, **new}) > _MAX_TAGS:
        raise InvalidParameterValue(f"Too many tags added for queue {queue_name}.")
    for key, value in new.items():
        if not 1 <= len(key) <= _MAX_KEY:
            raise InvalidParameterValue(f"Tag keys must be between 1 and {_MAX_KEY} characters in length.")
        if len(value) > _MAX_VALUE:
            raise InvalidParameterValue(f"Tag values may not be greater than {_MAX_VALUE} characters in length.")
        if key.lower().startswith("aws:"):
            raise InvalidParameterValue("Tag keys may not start with the reserved prefix aws:.")
