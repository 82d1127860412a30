"""Worlds for DynamoDB's tests."""

from typing import Any

import pytest
from tests.aws_server import AwsServer


@pytest.fixture
def dynamodb(aws: AwsServer) -> Any:
    """A client of DynamoDB."""
    return aws.client("dynamodb")


@pytest.fixture
def streams(aws: AwsServer) -> Any:
    """A client of DynamoDB Streams."""
    return aws.client("dynamodbstreams")
