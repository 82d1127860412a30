"""A client of KMS."""

from typing import Any

import pytest
from tests.aws_server import AwsServer


@pytest.fixture
def kms(aws: AwsServer) -> Any:
    """KMS in the default account."""
    return aws.client("kms")


def key_id_of(kms: Any, **request: Any) -> str:
    """A new key."""
    return str(kms.create_key(**request)["KeyMetadata"]["KeyId"])


@pytest.fixture
def key(kms: Any) -> str:
    """A symmetric key."""
    return key_id_of(kms)
