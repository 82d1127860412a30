"""Answers and refusals, as the tests of what Terraform compares look at them."""

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError


def code_of(call: Callable[..., Any], **request: Any) -> str:
    """The code that a request is refused with."""
    with pytest.raises(ClientError) as error:
        call(**request)
    return str(error.value.response["Error"]["Code"])


def told(answer: Mapping[str, Any]) -> dict[str, Any]:
    """An answer without what is said of the request."""
    return {name: value for name, value in answer.items() if name != "ResponseMetadata"}
