"""Web pages: which may read, which may not even ask."""

import pytest
from tests.aws.gateway.conftest import Raw, scope
from tests.aws_server import AwsServer

FOREIGN = "https://evil.example"
FORM = "Action=CreateUser&UserName=mole&Version=2010-05-08"


@pytest.mark.parametrize(
    "origin",
    ["http://localhost:3000", "http://127.0.0.1:8080", "https://app.localhost.localstack.cloud:4566"],
)
def test_a_page_of_this_machine_may_read_answers(raw: Raw, origin: str) -> None:
    answer = raw("GET", "/_localstack/health", headers={"Origin": origin})

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == origin


def test_a_page_of_this_machine_may_send_what_sdks_send(raw: Raw) -> None:
    answer = raw(
        "OPTIONS",
        "/",
        headers={
            "Origin": "http://localhost:3000",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "x-amz-target,x-amz-meta-own",
        },
    )

    assert answer.status == 204
    allowed = answer.headers["access-control-allow-headers"].split(",")
    assert {"x-amz-target", "x-amz-meta-own", "authorization"} <= set(allowed)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": FOREIGN},
        {"Sec-Fetch-Site": "cross-site"},
        # A frame that any page puts into a sandbox, and a request that was redirected.
        {"Origin": "null"},
        {"Origin": f"{FOREIGN}.localhost.localstack.cloud.evil.example"},
        {"Origin": "http://localhost.evil.example"},
        {"Origin": "http://localhost@evil.example"},
    ],
)
def test_a_foreign_page_changes_nothing(aws: AwsServer, raw: Raw, headers: dict[str, str]) -> None:
    answer = raw.form(FORM, headers=headers)
    reset = raw("POST", "/_localstack/state/reset", headers=headers)
    linked = raw("GET", f"/?{FORM}", headers=headers)

    assert (answer.status, reset.status, linked.status) == (403, 403, 403)
    assert "access-control-allow-origin" not in answer.headers
    assert aws.client("iam").list_users()["Users"] == []


def test_a_foreign_page_s_preflight_allows_nothing(raw: Raw) -> None:
    answer = raw("OPTIONS", "/", headers={"Origin": FOREIGN, "Access-Control-Request-Method": "POST"})

    assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_a_bucket_s_rules_let_a_foreign_page_in(aws: AwsServer, raw: Raw) -> None:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket="open")
    rules = {"CORSRules": [{"AllowedOrigins": [FOREIGN], "AllowedMethods": ["PUT"], "AllowedHeaders": ["*"]}]}
    s3.put_bucket_cors(Bucket="open", CORSConfiguration=rules)

    asked = raw("OPTIONS", "/open/key", headers={"Origin": FOREIGN, "Access-Control-Request-Method": "PUT"})
    put = raw("PUT", "/open/key", body=b"x", headers={"Origin": FOREIGN, **scope("s3")})
    deleted = raw("DELETE", "/open/key", headers={"Origin": FOREIGN, **scope("s3")})

    assert asked.headers["access-control-allow-origin"] == FOREIGN
    assert (put.status, put.headers["access-control-allow-origin"]) == (200, FOREIGN)
    assert deleted.status == 403
