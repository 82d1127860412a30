"""Keys of KMS: made, described, switched, deleted; their names, policies, tags, grants and rotation."""

from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.aws_server import AwsServer

DAY = 86_400


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_new_key_is_described_as_it_was_made(kms: Any) -> None:
    made = kms.create_key(Description="for tests", Tags=[{"TagKey": "team", "TagValue": "harbour"}])["KeyMetadata"]

    told = kms.describe_key(KeyId=made["KeyId"])["KeyMetadata"]

    assert told == made
    assert told["Arn"] == f"arn:aws:kms:us-east-1:000000000000:key/{made['KeyId']}"
    assert (told["KeyState"], told["KeySpec"], told["KeyUsage"]) == ("Enabled", "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
    assert told["EncryptionAlgorithms"] == ["SYMMETRIC_DEFAULT"]
    assert kms.list_resource_tags(KeyId=made["KeyId"])["Tags"] == [{"TagKey": "team", "TagValue": "harbour"}]


def test_a_key_is_found_by_id_arn_alias_and_the_alias_s_arn(kms: Any, key: str) -> None:
    kms.create_alias(AliasName="alias/ship", TargetKeyId=key)
    arn = kms.describe_key(KeyId=key)["KeyMetadata"]["Arn"]

    names = (key, arn, "alias/ship", "arn:aws:kms:us-east-1:000000000000:alias/ship")

    assert {kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] for name in names} == {key}


def test_keys_of_another_account_or_region_are_not_there(aws: AwsServer, kms: Any, key: str) -> None:
    for other in (aws.client("kms", account="111111111111"), aws.client("kms", region="eu-west-1")):
        with pytest.raises(ClientError) as error:
            other.describe_key(KeyId=key)
        assert code_of(error) == "NotFoundException"
        assert other.list_keys()["Keys"] == []


def test_a_disabled_key_refuses_work_until_it_is_enabled(kms: Any, key: str) -> None:
    kms.disable_key(KeyId=key)
    with pytest.raises(ClientError) as error:
        kms.encrypt(KeyId=key, Plaintext=b"x")
    assert code_of(error) == "DisabledException"

    kms.enable_key(KeyId=key)

    assert kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]


def test_a_deleted_key_can_be_kept_until_its_waiting_period_is_over(aws: AwsServer, kms: Any, key: str) -> None:
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    aws.advance(seconds=7 * DAY - 1)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"

    kms.cancel_key_deletion(KeyId=key)
    aws.advance(seconds=30 * DAY)

    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"


def test_a_deleted_key_is_gone_when_its_waiting_period_is_over(aws: AwsServer, kms: Any, key: str) -> None:
    kms.create_alias(AliasName="alias/gone", TargetKeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)

    aws.run_jobs()
    aws.advance(seconds=7 * DAY)

    with pytest.raises(ClientError) as error:
        kms.describe_key(KeyId=key)
    assert code_of(error) == "NotFoundException"
    assert kms.list_aliases()["Aliases"] == []


def test_an_alias_of_aws_s_own_makes_its_key_when_it_is_asked_for(kms: Any) -> None:
    first = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]

    assert first["KeyManager"] == "AWS"
    assert kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]["KeyId"] == first["KeyId"]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("ship", "ValidationException"),
        ("alias/a b", "ValidationException"),
        ("alias/aws/mine", "InvalidAliasNameException"),
    ],
)
def test_an_alias_has_to_have_a_good_name(kms: Any, key: str, name: str, code: str) -> None:
    with pytest.raises(ClientError) as error:
        kms.create_alias(AliasName=name, TargetKeyId=key)
    assert code_of(error) == code


def test_pages_of_keys_and_aliases_concatenate_to_the_listing(kms: Any) -> None:
    keys = {kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(5)}
    for number, key in enumerate(sorted(keys)):
        kms.create_alias(AliasName=f"alias/{number}", TargetKeyId=key)

    key_pages = kms.get_paginator("list_keys").paginate(PaginationConfig={"PageSize": 2})
    alias_pages = kms.get_paginator("list_aliases").paginate(PaginationConfig={"PageSize": 2})

    assert [k["KeyId"] for page in key_pages for k in page["Keys"]] == sorted(keys)
    assert [a["AliasName"] for page in alias_pages for a in page["Aliases"]] == [f"alias/{n}" for n in range(5)]


def test_a_policy_is_read_back_and_has_to_be_json(kms: Any, key: str) -> None:
    assert '"kms:*"' in kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]

    kms.put_key_policy(KeyId=key, PolicyName="default", Policy='{"Statement": []}')
    with pytest.raises(ClientError) as error:
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy="no")

    assert kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"] == '{"Statement": []}'
    assert code_of(error) == "MalformedPolicyDocumentException"


def test_grants_are_listed_and_taken_back(kms: Any, key: str) -> None:
    role = "arn:aws:iam::000000000000:role/sailor"
    first = kms.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Decrypt"], Name="one")
    again = kms.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Decrypt"], Name="one")
    second = kms.create_grant(KeyId=key, GranteePrincipal=role, Operations=["Encrypt"], RetiringPrincipal=role)

    listed = kms.list_grants(KeyId=key)["Grants"]
    assert again["GrantId"] == first["GrantId"]
    assert {grant["GrantId"] for grant in listed} == {first["GrantId"], second["GrantId"]}
    assert [g["GrantId"] for g in kms.list_retirable_grants(RetiringPrincipal=role)["Grants"]] == [second["GrantId"]]

    kms.revoke_grant(KeyId=key, GrantId=first["GrantId"])
    kms.retire_grant(GrantToken=second["GrantToken"])
    assert kms.list_grants(KeyId=key)["Grants"] == []


def test_everything_about_a_key_is_there_after_a_restart(aws: AwsServer, kms: Any, key: str) -> None:
    kms.create_alias(AliasName="alias/ship", TargetKeyId=key)
    blob = kms.encrypt(KeyId=key, Plaintext=b"treasure")["CiphertextBlob"]
    before = kms.describe_key(KeyId=key)["KeyMetadata"]

    aws.restart()

    assert kms.describe_key(KeyId="alias/ship")["KeyMetadata"] == before
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"treasure"


def test_what_homeport_does_not_make_is_refused(kms: Any) -> None:
    for request in ({"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}, {"Origin": "EXTERNAL"}):
        with pytest.raises(ClientError) as error:
            kms.create_key(**request)
        assert code_of(error) == "UnsupportedOperationException"
    with pytest.raises(ClientError) as error:
        kms.create_custom_key_store(CustomKeyStoreName="x")
    assert code_of(error) == "NotImplemented"
