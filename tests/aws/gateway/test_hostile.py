"""Requests that no SDK makes: each gets one of AWS's own errors, and never a 500."""

import pytest
from tests.aws.gateway.conftest import Raw, scope

DEEP = 5000


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no",
        b"[]",
        b"1",
        b'"x"',
        b"null",
        b"{",
        b'{"KeyId":}',
        b'{"KeyId":1}',
        b'{"KeyId":true}',
        b'{"KeyId":["a"]}',
        b'{"KeyId":{"a":1}}',
        b'{"KeyId":"\\ud800"}',
        b'{"KeyId":"\xff\xfe"}',
        b'{"KeyId":"' + b"x" * 100_000 + b'"}',
        b'{"KeyId":"\\u0000"}',
        b"[" * DEEP + b"]" * DEEP,
        b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    ],
)
def test_json_of_every_wrong_kind(raw: Raw, body: bytes) -> None:
    answer = raw.json("TrentService.DescribeKey", body)

    assert 400 <= answer.status < 500
    assert b"__type" in answer.body


@pytest.mark.parametrize(
    "body",
    [
        b'{"TableName":"t","Key":' + b'{"a":{"M":' * 300 + b'{"a":{"S":"x"}}' + b"}}" * 300 + b"}",
        b'{"TableName":"t","Key":{"a":{"N":1}}}',
        b'{"TableName":"t","Key":{"a":"x"}}',
        b'{"TableName":"t","Key":[]}',
        b'{"TableName":7}',
    ],
)
def test_attribute_values_of_every_wrong_kind(raw: Raw, body: bytes) -> None:
    answer = raw.json("DynamoDB_20120810.GetItem", body)

    assert answer.status == 400


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"KeyId":1}', b"SerializationException"),
        (b'{"KeyId":"x","NumberOfBytes":"many"}', b"SerializationException"),
        (b'{"KeyId":"x","NumberOfBytes":1.5}', b"SerializationException"),
        (b'{"KeyId":"x","NumberOfBytes":99999999999999999999}', b"SerializationException"),
        (b'{"KeyId":"x","EncryptionContext":[]}', b"SerializationException"),
        (b'{"KeyId":"x","NumberOfBytes":-1}', b"ValidationException"),
        (b"{}", b"ValidationException"),
    ],
)
def test_wrong_types_and_broken_constraints_are_told_apart(raw: Raw, body: bytes, code: bytes) -> None:
    answer = raw.json("TrentService.GenerateDataKey", body)

    assert answer.status == 400
    assert code in answer.body


@pytest.mark.parametrize(
    "body",
    [
        "Action=AssumeRole&Version=2011-06-15&RoleArn=%ff",
        "Action=AssumeRole&Version=2011-06-15&DurationSeconds=soon",
        "Action=AssumeRole&Version=2011-06-15&DurationSeconds=99999999999999999999",
        "Action=AssumeRole&Version=2011-06-15&DurationSeconds.a.b=1",
        "Action=AssumeRole&Version=2011-06-15&Tags.member.1.Key.x=1",
        "Action=AssumeRole&Version=2011-06-15&" + ".".join("a" * 100) + "=1",
        "Action=AssumeRole&Version=2011-06-15" + "&a=1" * 30_000,
        "Action=&Version=2011-06-15",
        "Action=GetCallerIdentity&Version=1999-01-01",
        "%%%=&&&==",
        "Action=TagUser&Version=2010-05-08&Tags=x",
        "Action=TagUser&Version=2010-05-08&Tags.member.x.Key=1",
    ],
)
def test_forms_of_every_wrong_kind(raw: Raw, body: str) -> None:
    answer = raw.form(body)

    assert 400 <= answer.status < 500 or answer.status == 501
    assert "<Code>" in answer.text


BOMB = b'<!DOCTYPE a [<!ENTITY b "' + b"x" * 1000 + b'">]><Delete>' + b"&b;" * 1000 + b"</Delete>"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no",
        b"<Delete>",
        b"<Delete></Other>",
        b"<Other/>",
        b"<Delete><Object><Key>a</Key></Object><Unknown/></Delete>",
        b"<Delete><Object><Key><b/></Key></Object></Delete>",
        b"<Delete><Object><Key>a</Key><Key>b</Key></Object></Delete>",
        b"<Delete><Quiet>maybe</Quiet></Delete>",
        b"<Delete>\xff</Delete>",
        b"<Delete>&nothing;</Delete>",
        "<Delete/>".encode("utf-16"),
        BOMB,
        BOMB.decode().encode("utf-16"),
        b'<?xml version="1.0" encoding="nothing"?><Delete/>',
        b"<Delete>" + b"<a>" * 100_000,
        b"<Delete>" + b"<Object>" * DEEP + b"</Object>" * DEEP + b"</Delete>",
    ],
)
def test_documents_of_every_wrong_kind(raw: Raw, body: bytes) -> None:
    raw.server.client("s3").create_bucket(Bucket="bucket")

    answer = raw("POST", "/bucket?delete", body=body, headers={**scope("s3"), "Content-MD5": md5(body)})

    assert answer.status == 400
    assert "<Code>MalformedXML</Code>" in answer.text or "<Code>MissingRequestBodyError</Code>" in answer.text


def md5(body: bytes) -> str:
    import base64
    import hashlib

    return base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()


@pytest.mark.parametrize(
    "target", ["/bucket/%ff", "/%ff", "/bucket?prefix=%ff", "/bucket/%00", "/bucket/a%2", "//", "/?"]
)
def test_paths_of_every_wrong_kind(raw: Raw, target: str) -> None:
    answer = raw("GET", target, headers=scope("s3"))

    assert answer.status < 500
    if "%ff" in target:
        assert "<Code>InvalidURI</Code>" in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "AWS4-HMAC-SHA256"},
        {"Authorization": "AWS4-HMAC-SHA256 Credential=a/b/c"},
        {"X-Amz-Target": ""},
        {"X-Amz-Target": "..."},
        {"X-Amz-Target": "x" * 4000},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Encoding": "aws-chunked", **scope("s3"), "x-amz-content-sha256": "STREAMING-NOTHING"},
        {
            "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
            "x-amz-decoded-content-length": "x",
            **scope("s3"),
        },
        {"Host": "a" * 300 + ".s3.localhost", **scope("s3")},
    ],
)
def test_headers_of_every_wrong_kind(raw: Raw, headers: dict[str, str]) -> None:
    answer = raw("PUT" if "x-amz-content-sha256" in headers else "POST", "/bucket/key", body=b"x", headers=headers)

    assert answer.status in {400, 403, 404, 405, 501}


def test_a_body_beyond_the_limit_is_refused_before_it_is_sent(raw: Raw) -> None:
    answer = raw("POST", "/bucket?delete", body=b"x" * (9 * 1024 * 1024), headers=scope("s3"))

    assert answer.status == 413


def test_numbers_in_query_strings_have_to_be_numbers(raw: Raw) -> None:
    raw.server.client("s3").create_bucket(Bucket="bucket")

    answer = raw("GET", "/bucket?list-type=2&max-keys=many", headers=scope("s3"))

    assert answer.status == 400
    assert "<ArgumentName>max-keys</ArgumentName><ArgumentValue>many</ArgumentValue>" in answer.text
