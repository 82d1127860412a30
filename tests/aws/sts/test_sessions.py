"""Keys that users and sessions sign with: whose they are, how long they last, and what `signed` asks of them."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from tests.aws_server import AwsServer

from homeport.aws.auth.keys import AccessKey
from homeport.kernel.clock import SystemClock

ROLE = "arn:aws:iam::222222222222:role/sailor"


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def signed_by(server: AwsServer, service: str, key: dict[str, Any]) -> Any:
    return boto3.client(  # type: ignore[call-overload] # the service's name is not literal
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"],
        aws_session_token=key.get("SessionToken"),
    )


def trust(principal: str, **more: Any) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole", **more}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def but_not(principal: str, **condition: Any) -> str:
    """A trust in everybody, save for whom the condition fits."""
    document = json.loads(trust("*"))
    document["Statement"] += json.loads(trust(principal, Effect="Deny", Condition=condition))["Statement"]
    return json.dumps(document)


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[AwsServer]:
    """A server that verifies signatures, in real time."""
    server = AwsServer(tmp_path / "data", clock=SystemClock(), settings={"aws.auth": "signed"}).start()
    yield server
    server.stop()


def root_key(server: AwsServer, account: str = "111111111111") -> dict[str, Any]:
    """A key of an account's root, as `homeport key create` makes it."""
    arn = f"arn:aws:iam::{account}:root"
    key = AccessKey(f"AKIAROOT{account}", "a secret", account, arn, account, SystemClock().now())
    server.run(server.half.db.write(lambda tx: server.half.keys.put(tx, key)))
    return {"AccessKeyId": key.id, "SecretAccessKey": key.secret}


def test_a_user_s_key_stands_for_the_user(aws: AwsServer) -> None:
    iam = aws.client("iam", account="111111111111")
    user = iam.create_user(UserName="ann")["User"]
    key = iam.create_access_key(UserName="ann")["AccessKey"]

    identity = signed_by(aws, "sts", key).get_caller_identity()

    assert (identity["Account"], identity["Arn"], identity["UserId"]) == (
        "111111111111",
        user["Arn"],
        user["UserId"],
    )
    assert aws.client("sts").get_access_key_info(AccessKeyId=key["AccessKeyId"])["Account"] == "111111111111"


def test_a_role_s_keys_stand_for_the_assumed_role_until_they_expire(aws: AwsServer) -> None:
    taken = aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="watch", DurationSeconds=900)
    sts = signed_by(aws, "sts", taken["Credentials"])

    identity = sts.get_caller_identity()

    assert identity["Account"] == "222222222222"
    assert identity["Arn"] == "arn:aws:sts::222222222222:assumed-role/sailor/watch" == taken["AssumedRoleUser"]["Arn"]
    aws.advance(seconds=900)
    assert sts.get_caller_identity()["Account"] == "000000000000"


def test_session_keys_are_there_after_a_restart(aws: AwsServer) -> None:
    taken = aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="watch")["Credentials"]

    aws.restart()

    assert signed_by(aws, "sts", taken).get_caller_identity()["Account"] == "222222222222"


def test_a_web_identity_is_read_from_its_token(aws: AwsServer) -> None:
    claims = base64.urlsafe_b64encode(json.dumps({"sub": "pod", "aud": ["sts"], "iss": "k3s"}).encode()).decode()

    taken = aws.client("sts").assume_role_with_web_identity(
        RoleArn=ROLE, RoleSessionName="pod", WebIdentityToken=f"e30.{claims.rstrip('=')}.x"
    )

    assert (taken["SubjectFromWebIdentityToken"], taken["Audience"], taken["Provider"]) == ("pod", "sts", "k3s")


def test_the_model_s_constraints_hold(aws: AwsServer) -> None:
    with pytest.raises(ClientError) as error:
        aws.client("sts").assume_role(RoleArn=ROLE, RoleSessionName="watch", DurationSeconds=1)

    assert code_of(error) == "ValidationError"
    assert "Value '1' at 'durationSeconds' failed to satisfy constraint" in str(error.value)


# Mode `signed`


def test_a_known_key_is_let_in_and_others_are_not(signed: AwsServer) -> None:
    key = root_key(signed)

    assert signed_by(signed, "sts", key).get_caller_identity()["Account"] == "111111111111"
    for wrong, code in (
        ({**key, "SecretAccessKey": "another"}, "SignatureDoesNotMatch"),
        ({**key, "AccessKeyId": "AKIANOBODY0000000000"}, "InvalidClientTokenId"),
        ({**key, "AccessKeyId": "111111111111"}, "InvalidClientTokenId"),
    ):
        with pytest.raises(ClientError) as error:
            signed_by(signed, "sts", wrong).get_caller_identity()
        assert code_of(error) == code


def test_an_inactive_key_is_nobody_s(signed: AwsServer) -> None:
    iam = signed_by(signed, "iam", root_key(signed))
    iam.create_user(UserName="ann")
    key = iam.create_access_key(UserName="ann")["AccessKey"]
    assert signed_by(signed, "sts", key).get_caller_identity()["Arn"].endswith("user/ann")

    iam.update_access_key(UserName="ann", AccessKeyId=key["AccessKeyId"], Status="Inactive")

    with pytest.raises(ClientError) as error:
        signed_by(signed, "sts", key).get_caller_identity()
    assert code_of(error) == "InvalidClientTokenId"


def test_a_session_key_needs_its_token(signed: AwsServer) -> None:
    session = signed_by(signed, "sts", root_key(signed)).get_session_token()["Credentials"]
    assert signed_by(signed, "sts", session).get_caller_identity()["Account"] == "111111111111"

    for token in (None, "another"):
        with pytest.raises(ClientError) as error:
            signed_by(signed, "sts", {**session, "SessionToken": token}).get_caller_identity()
        assert code_of(error) == "InvalidClientTokenId"


@pytest.mark.parametrize(
    ("document", "external_id", "let_in"),
    [
        (trust("arn:aws:iam::111111111111:root"), None, True),
        (trust("111111111111"), None, True),
        (trust("*"), None, True),
        (trust("arn:aws:iam::999999999999:root"), None, False),
        (trust("*", Condition={"StringEquals": {"sts:ExternalId": "xy"}}), "xy", True),
        (trust("*", Condition={"StringEquals": {"sts:ExternalId": "xy"}}), "other", False),
        (trust("*", Condition={"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}), None, True),
        (trust("*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}), None, False),
        (trust("*", Effect="Deny"), None, False),
        (but_not("*", StringNotEquals={"aws:PrincipalAccount": "999999999999"}), None, False),
        (but_not("*", StringEquals={"aws:PrincipalAccount": "999999999999"}), None, True),
    ],
)
def test_a_role_is_taken_only_by_whom_it_trusts(
    signed: AwsServer, document: str, external_id: str | None, *, let_in: bool
) -> None:
    key = root_key(signed)
    role = signed_by(signed, "iam", key).create_role(RoleName="sailor", AssumeRolePolicyDocument=document)["Role"]
    request = {"RoleArn": role["Arn"], "RoleSessionName": "watch"}
    if external_id is not None:
        request["ExternalId"] = external_id

    if let_in:
        assert signed_by(signed, "sts", key).assume_role(**request)["Credentials"]
    else:
        with pytest.raises(ClientError) as error:
            signed_by(signed, "sts", key).assume_role(**request)
        assert code_of(error) == "AccessDenied"


def test_who_has_taken_a_role_takes_the_next_one_as_that_role(signed: AwsServer) -> None:
    iam, sts = (signed_by(signed, service, root_key(signed)) for service in ("iam", "sts"))
    first = iam.create_role(RoleName="first", AssumeRolePolicyDocument=trust("111111111111"))["Role"]["Arn"]
    second = iam.create_role(RoleName="second", AssumeRolePolicyDocument=trust(first))["Role"]["Arn"]
    session = sts.assume_role(RoleArn=first, RoleSessionName="watch")["Credentials"]

    assert signed_by(signed, "sts", session).assume_role(RoleArn=second, RoleSessionName="watch")["Credentials"]
    with pytest.raises(ClientError) as error:
        sts.assume_role(RoleArn=second, RoleSessionName="watch")
    assert code_of(error) == "AccessDenied"


def test_a_role_that_nobody_made_cannot_be_taken(signed: AwsServer) -> None:
    with pytest.raises(ClientError) as error:
        signed_by(signed, "sts", root_key(signed)).assume_role(RoleArn=ROLE, RoleSessionName="watch")
    assert code_of(error) == "AccessDenied"


def test_web_identities_are_refused_in_so_many_words_for_nobody_verifies_their_tokens(signed: AwsServer) -> None:
    with pytest.raises(ClientError) as error:
        signed_by(signed, "sts", root_key(signed)).assume_role_with_web_identity(
            RoleArn=ROLE, RoleSessionName="pod", WebIdentityToken="e30.e30.x"
        )

    assert (code_of(error), error.value.response["ResponseMetadata"]["HTTPStatusCode"]) == ("NotImplemented", 501)
    assert "AssumeRoleWithWebIdentity in mode `signed`: tokens are not verified" in str(error.value)
