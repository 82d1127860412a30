"""Operations of S3's model that are not built answer 501 by their name, whatever they are asked of."""

from typing import Any

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import code, refused, send

from homeport.aws.protocol.model import load_model
from homeport.aws.services.s3.operations.table import OPERATIONS

ALIASES = {"PutBucketLifecycle", "PutBucketNotification"}
"""Of two operations in one place these are the older ones."""

ELSEWHERE = {"ListDirectoryBuckets"}
"""Told apart by its endpoint's signing name alone."""

UNBUILT = sorted(load_model("s3").operations.keys() - OPERATIONS.keys() - ALIASES - ELSEWHERE)
ROUTE: dict[str, Any] = {"x_amz_request_route": "r", "x_amz_request_token": "t"}


@pytest.mark.parametrize("name", UNBUILT)
@pytest.mark.parametrize("bucket", ["there", "not-there"])
def test_it_names_itself_in_s3_s_own_form(shared: AwsServer, s3: Any, bucket: str, name: str) -> None:
    s3.create_bucket(Bucket="there")
    operation = load_model("s3").operations[name]
    target = operation.uri.replace("{Bucket}", bucket).replace("{Key+}", "a%20key")

    answer = send(shared.url, operation.method, target, **ROUTE if name == "WriteGetObjectResponse" else {})

    assert (answer.status, answer.element("Code")) == (501, "NotImplemented")
    assert name in answer.element("Message")
    assert answer.headers["content-type"] == "application/xml"
    assert answer.element("Resource") == target.partition("?")[0]
    assert answer.element("RequestId") == answer.headers["x-amz-request-id"]
    assert answer.element("HostId") == answer.headers["x-amz-id-2"]
    assert "Contents" not in s3.list_objects_v2(Bucket="there")


def test_without_a_body_the_status_tells(shared: AwsServer, bucket: str) -> None:
    answer = send(shared.url, "HEAD", f"/{bucket}/k?torrent")

    assert (answer.status, answer.body) == (501, b"")


def test_directory_buckets_are_another_service(shared: AwsServer, s3: Any) -> None:
    assert code(s3.list_directory_buckets) == ("NotImplemented", 501)
    assert "s3express" in refused(s3.list_directory_buckets)["Message"]
