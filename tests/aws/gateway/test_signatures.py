"""Signed requests on the wire in mode `signed`: headers, presigned URLs, chunks, and what must not get through."""

import base64
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from tests.aws.gateway.conftest import Answer, Raw
from tests.aws_server import AwsServer

from homeport.aws.auth import sigv4
from homeport.aws.auth.keys import AccessKey
from homeport.kernel.clock import SystemClock

KEY = Credentials("AKIATESTTESTTESTTEST", "a secret of forty characters, or about so")
ACCOUNT = "111111111111"


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[AwsServer]:
    """A server that verifies signatures, in real time, with one key and one bucket."""
    server = AwsServer(tmp_path / "data", clock=SystemClock(), settings={"aws.auth": "signed"}).start()
    arn = f"arn:aws:iam::{ACCOUNT}:root"
    key = AccessKey(KEY.access_key, KEY.secret_key, ACCOUNT, arn, ACCOUNT, SystemClock().now())
    server.run(server.half.db.write(lambda tx: server.half.keys.put(tx, key)))
    client(server, "s3").create_bucket(Bucket="bucket")
    yield server
    server.stop()


def client(server: AwsServer, service: str, **config: Any) -> Any:
    return boto3.client(  # type: ignore[call-overload] # the service's name is not literal
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=KEY.access_key,
        aws_secret_access_key=KEY.secret_key,
        config=Config(retries={"max_attempts": 0}, **config),
    )


def send(server: AwsServer, request: AWSRequest, **changes: Any) -> Answer:
    """Send a request that has been signed, changed afterwards or not."""
    prepared = request.prepare()
    parts = urlsplit(changes.get("url", prepared.url))
    target = parts.path + (f"?{parts.query}" if parts.query else "")
    # What is sent now decides about the length, not what was signed.
    headers = {name: value for name, value in prepared.headers.items() if name.lower() != "content-length"}
    headers.update(changes.get("headers", {}))
    body = changes.get("body", prepared.body or b"")
    return Raw(server)(changes.get("method", prepared.method), target, body=body, headers=headers)


def code(answer: Answer) -> str:
    return answer.text.partition("<Code>")[2].partition("<")[0]


@pytest.mark.parametrize(
    ("service", "operation"),
    [
        ("sts", "get_caller_identity"),
        ("iam", "list_users"),
        ("kms", "list_keys"),
        ("sqs", "list_queues"),
        ("sns", "list_topics"),
        ("dynamodb", "list_tables"),
        ("s3", "list_buckets"),
    ],
)
def test_every_protocol_s_signatures_are_accepted(signed: AwsServer, service: str, operation: str) -> None:
    answer = getattr(client(signed, service), operation)()

    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 200


@pytest.mark.parametrize("key", ["plain", "a b+c/ü~日", "..//dots/../", "per%cent%20", "semi;colon&and=eq", "*'()!"])
def test_keys_of_every_kind_are_signed_as_s3_signs_them(signed: AwsServer, key: str) -> None:
    s3 = client(signed, "s3")

    s3.put_object(Bucket="bucket", Key=key, Body=b"x")

    assert s3.get_object(Bucket="bucket", Key=key)["Body"].read() == b"x"
    assert [found["Key"] for found in s3.list_objects_v2(Bucket="bucket", Prefix=key)["Contents"]] == [key]


def test_a_changed_request_is_refused(signed: AwsServer) -> None:
    url = f"{signed.url}/bucket/key"
    request = AWSRequest("PUT", url, headers={"x-amz-meta-a": "b"}, data=b"content")
    S3SigV4Auth(KEY, "s3", "us-east-1").add_auth(request)

    assert send(signed, request).status == 200
    for changes in (
        {"method": "DELETE", "body": b""},
        {"url": f"{signed.url}/bucket/other"},
        {"url": f"{url}?tagging"},
        {"headers": {"x-amz-meta-a": "c"}},
    ):
        answer = send(signed, request, **changes)
        assert (answer.status, code(answer)) == (403, "SignatureDoesNotMatch")


def test_another_body_than_the_signed_one_is_refused_and_not_kept(signed: AwsServer) -> None:
    request = AWSRequest("PUT", f"{signed.url}/bucket/key", data=b"content")
    request.headers["X-Amz-Content-SHA256"] = sha256(b"content").hexdigest()
    S3SigV4Auth(KEY, "s3", "us-east-1").add_auth(request)

    answer = send(signed, request, body=b"CONTENT")

    assert (answer.status, code(answer)) == (400, "XAmzContentSHA256Mismatch")
    assert "Contents" not in client(signed, "s3").list_objects_v2(Bucket="bucket")


def test_outside_s3_the_body_is_part_of_the_signature(signed: AwsServer) -> None:
    body = b'{"Limit":5}'
    headers = {"X-Amz-Target": "TrentService.ListKeys", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{signed.url}/", headers=headers, data=body)
    SigV4Auth(KEY, "kms", "us-east-1").add_auth(request)

    assert send(signed, request).status == 200
    changed = send(signed, request, body=b'{"Limit":6}')
    assert changed.status == 400
    assert b"InvalidSignatureException" in changed.body


def test_an_old_signature_is_refused(signed: AwsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    import botocore.auth

    past = datetime.now(UTC) - timedelta(minutes=16)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: past)
    request = AWSRequest("GET", f"{signed.url}/bucket")
    S3SigV4Auth(KEY, "s3", "us-east-1").add_auth(request)

    answer = send(signed, request)

    assert (answer.status, code(answer)) == (403, "RequestTimeTooSkewed")


def test_a_presigned_url_works_until_it_expires_and_for_nothing_else(signed: AwsServer) -> None:
    s3 = client(signed, "s3", signature_version="s3v4")
    s3.put_object(Bucket="bucket", Key="key", Body=b"x")
    url = s3.generate_presigned_url("get_object", {"Bucket": "bucket", "Key": "key"}, ExpiresIn=60)
    parts = urlsplit(url)
    target = f"{parts.path}?{parts.query}"

    assert Raw(signed)("GET", target).body == b"x"
    assert code(Raw(signed)("DELETE", target)) == "SignatureDoesNotMatch"
    assert code(Raw(signed)("GET", target.replace("/key?", "/other?"))) == "SignatureDoesNotMatch"
    assert code(Raw(signed)("GET", target.replace("Expires=60", "Expires=600"))) == "SignatureDoesNotMatch"


def test_a_presigned_put_does_not_become_a_copy(signed: AwsServer) -> None:
    s3 = client(signed, "s3", signature_version="s3v4")
    s3.put_object(Bucket="bucket", Key="secret", Body=b"secret")
    url = urlsplit(s3.generate_presigned_url("put_object", {"Bucket": "bucket", "Key": "key"}))

    answer = Raw(signed)("PUT", f"{url.path}?{url.query}", headers={"x-amz-copy-source": "bucket/secret"})

    assert (answer.status, code(answer)) == (403, "AccessDenied")
    assert "<HeadersNotSigned>x-amz-copy-source</HeadersNotSigned>" in answer.text


def test_an_expired_presigned_url_is_refused_in_mode_open_too(aws: AwsServer, raw: Raw) -> None:
    request = AWSRequest("GET", f"{aws.url}/bucket/key")
    S3SigV4QueryAuth(KEY, "s3", "us-east-1", expires=60).add_auth(request)
    parts = urlsplit(request.prepare().url)
    clock_year = "20250101T000000Z"
    query = "&".join(
        f"X-Amz-Date={clock_year}" if part.startswith("X-Amz-Date=") else part for part in parts.query.split("&")
    )

    answer = raw("GET", f"{parts.path}?{query}")

    assert (answer.status, code(answer)) == (403, "AccessDenied")
    assert "<Message>Request has expired</Message>" in answer.text
    assert "<Expires>2025-01-01T00:01:00Z</Expires>" in answer.text


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/bucket/key?AWSAccessKeyId=a&Signature=b&Expires=9999999999", {}),
        ("/bucket/key", {"Authorization": "AWS AKID:c2lnbmF0dXJl"}),
    ],
)
def test_version_2_is_refused_clearly(raw: Raw, target: str, headers: dict[str, str]) -> None:
    answer = raw("GET", target, headers=headers)

    assert (answer.status, code(answer)) == (400, "InvalidRequest")
    assert "Please use AWS4-HMAC-SHA256. boto3 does with Config(signature_version=" in answer.text


HAND_WRITTEN = "AWS4-HMAC-SHA256 Credential={key}/20260101/us-east-1/sts/aws4_request, SignedHeaders=host, Signature="


@pytest.mark.parametrize("signature", ["x", "1234", "<signature>", "0" * 64])
def test_a_signature_written_by_hand_names_its_account_in_mode_open_alone(
    raw: Raw, signed: AwsServer, signature: str
) -> None:
    def asked(send: Raw, key: str) -> Answer:
        headers = {"Authorization": HAND_WRITTEN.format(key=key) + signature}
        return send("POST", "/?Action=GetCallerIdentity&Version=2011-06-15", headers=headers)

    assert f"<Account>{ACCOUNT}</Account>" in asked(raw, ACCOUNT).text
    assert asked(Raw(signed), KEY.access_key).status == 403


def test_nobody_gets_in_without_a_signature(signed: AwsServer) -> None:
    raw = Raw(signed)

    form = raw.form("Action=ListUsers&Version=2010-05-08")
    json = raw.json("TrentService.ListKeys", b"{}")
    state = raw("POST", "/_localstack/state/reset")
    bucket = raw("GET", "/bucket")

    assert (form.status, code(form)) == (403, "MissingAuthenticationToken")
    assert b"MissingAuthenticationTokenException" in json.body
    assert state.status == 403
    assert (bucket.status, code(bucket)) == (403, "AccessDenied")


ENDPOINTS = [
    ("GET", "/_aws/sqs/messages/us-east-1/111111111111/q", b""),
    ("GET", "/_localstack/diagnose", b""),
    ("POST", "/_localstack/state/reset", b""),
    ("POST", "/_localstack/health", b'{"action":"none"}'),
    ("PUT", "/_localstack/health", b'{"features:own":1}'),
    ("POST", "/_aws/sns/phone-opt-outs", b'{"phoneNumber":"+1"}'),
]


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
@pytest.mark.parametrize("service", ["sqs", "s3"])
def test_endpoints_beside_the_operations_believe_no_signature_that_is_none(
    signed: AwsServer, method: str, path: str, body: bytes, service: str
) -> None:
    request = AWSRequest(method, f"{signed.url}{path}", data=body)
    SigV4Auth(KEY, service, "us-east-1").add_auth(request)
    authorization = request.headers["Authorization"].rpartition("=")[0] + "=" + "0" * 64

    answer = send(signed, request, headers={"Authorization": authorization})

    assert answer.status in {400, 403}, answer
    assert code(answer) in {"SignatureDoesNotMatch", "InvalidRequest"}
    assert b"own" not in Raw(signed)("GET", "/_localstack/health").body


@pytest.mark.parametrize(("method", "path", "body"), ENDPOINTS)
def test_endpoints_beside_the_operations_are_there_for_those_who_sign(
    signed: AwsServer, method: str, path: str, body: bytes
) -> None:
    client(signed, "sqs").create_queue(QueueName="q")
    request = AWSRequest(method, f"{signed.url}{path}", data=body)
    request.headers["X-Amz-Content-SHA256"] = sha256(body).hexdigest()
    SigV4Auth(KEY, "sqs", "us-east-1").add_auth(request)

    answer = send(signed, request)

    assert answer.status in {200, 204} or b"only the action kill" in answer.body, answer


@pytest.mark.parametrize(
    ("key_id", "arn", "token"),
    [
        ("AKIAUSERUSERUSERUSER", f"arn:aws:iam::{ACCOUNT}:user/ann", ""),
        ("ASIAROLEROLEROLEROLE", f"arn:aws:sts::{ACCOUNT}:assumed-role/r/s", "token"),
        ("ASIAROOTROOTROOTROOT", f"arn:aws:iam::{ACCOUNT}:root", "token"),
    ],
)
def test_what_concerns_every_account_is_not_for_users_and_sessions(
    signed: AwsServer, key_id: str, arn: str, token: str
) -> None:
    key = AccessKey(key_id, KEY.secret_key, ACCOUNT, arn, ACCOUNT, SystemClock().now(), token=token)
    signed.run(signed.half.db.write(lambda tx: signed.half.keys.put(tx, key)))
    for method, path, body in ENDPOINTS:
        request = AWSRequest(method, f"{signed.url}{path}", data=body)
        request.headers["X-Amz-Content-SHA256"] = sha256(body).hexdigest()
        SigV4Auth(Credentials(key_id, KEY.secret_key, token or None), "sqs", "us-east-1").add_auth(request)

        answer = send(signed, request)

        if path.startswith("/_localstack/"):
            assert (answer.status, code(answer)) == (403, "AccessDenied"), path
            assert "`homeport key create`" in answer.text
        else:
            assert code(answer) != "AccessDenied", path


# Chunks


class _Streaming(S3SigV4Auth):
    """Signs a word that stands for the body."""

    word = ""

    def payload(self, _request: AWSRequest) -> str:
        return self.word


def chunked_put(server: AwsServer, chunks: list[bytes], *, trailer: bytes = b"", spoil: int | None = None) -> Answer:
    """A put whose chunks are signed one by one, as the S3 API reference describes it."""
    kind = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD" + ("-TRAILER" if trailer else "")
    request = AWSRequest("PUT", f"{server.url}/bucket/key")
    request.headers["X-Amz-Content-SHA256"] = kind
    request.headers["Content-Encoding"] = "aws-chunked"
    request.headers["X-Amz-Decoded-Content-Length"] = str(sum(map(len, chunks)))
    if trailer:
        request.headers["X-Amz-Trailer"] = trailer.partition(b":")[0].decode()
    signer = _Streaming(KEY, "s3", "us-east-1")
    signer.word = kind
    signer.add_auth(request)
    moment = request.headers["X-Amz-Date"]
    day = moment[:8]
    scope = f"{day}/us-east-1/s3/aws4_request"
    key = sigv4.signing_key(KEY.secret_key, day, "us-east-1", "s3")
    previous = request.headers["Authorization"].rpartition("Signature=")[2]
    body = b""
    for number, chunk in enumerate([*chunks, b""]):
        text = sigv4.chunk_string_to_sign(moment, scope, previous, sha256(chunk).hexdigest())
        previous = sigv4.sign(key, text)
        told = "0" * 64 if number == spoil else previous
        body += b"%x;chunk-signature=%b\r\n%b" % (len(chunk), told.encode(), chunk + b"\r\n" if chunk else b"")
    if trailer:
        text = sigv4.trailer_string_to_sign(moment, scope, previous, trailer.decode() + "\n")
        body += trailer + b"\r\nx-amz-trailer-signature:" + sigv4.sign(key, text).encode() + b"\r\n"
    return send(server, request, body=body + b"\r\n")


def test_signed_chunks_are_taken_and_the_encoding_is_not_kept(signed: AwsServer) -> None:
    answer = chunked_put(signed, [b"a" * 70_000, b"b" * 100])

    assert answer.status == 200, answer.text
    found = client(signed, "s3").get_object(Bucket="bucket", Key="key")
    assert found["Body"].read() == b"a" * 70_000 + b"b" * 100
    assert "ContentEncoding" not in found


@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_chunk_with_a_wrong_signature_is_refused_and_nothing_is_kept(signed: AwsServer, number: int) -> None:
    answer = chunked_put(signed, [b"a" * 1000, b"b" * 100], spoil=number)

    assert (answer.status, code(answer)) == (403, "SignatureDoesNotMatch")
    with pytest.raises(ClientError):
        client(signed, "s3").head_object(Bucket="bucket", Key="key")


def test_a_signed_trailer_carries_the_checksum(signed: AwsServer) -> None:
    checksum = base64.b64encode(zlib.crc32(b"hello").to_bytes(4, "big"))
    wrong = base64.b64encode(zlib.crc32(b"other").to_bytes(4, "big"))

    good = chunked_put(signed, [b"hello"], trailer=b"x-amz-checksum-crc32:" + checksum)
    bad = chunked_put(signed, [b"hello"], trailer=b"x-amz-checksum-crc32:" + wrong)

    assert good.status == 200, good.text
    assert good.headers["x-amz-checksum-crc32"] == checksum.decode()
    assert bad.status == 400, bad.text
