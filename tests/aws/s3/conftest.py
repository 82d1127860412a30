"""Worlds for tests of S3: one server for all tests that need no clock of their own, and a new bucket for each."""

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from tests.aws_server import AwsServer

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AwsServer]:
    """A server whose clock nobody winds."""
    server = AwsServer(tmp_path_factory.mktemp("s3") / "data").start()
    yield server
    server.stop()


@pytest.fixture
def s3(shared: AwsServer) -> Any:
    """A client of the shared server."""
    return shared.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """A new bucket."""
    name = f"bucket-{next(_numbers)}"
    s3.create_bucket(Bucket=name)
    return name


@pytest.fixture
def versioned(s3: Any, bucket: str) -> str:
    """A new bucket with versioning."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return bucket


@pytest.fixture
def open_bucket(s3: Any, bucket: str) -> str:
    """A new bucket that may be made public."""
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})
    return bucket


@pytest.fixture
def wound(aws: AwsServer) -> Any:
    """A client of a server whose clock the test winds."""
    return aws.client("s3")
