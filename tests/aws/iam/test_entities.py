"""IAM's users, groups, roles, policies and instance profiles: made, read back, listed, changed, deleted."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from tests.aws_server import AwsServer

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})
TAGS = [{"Key": "team", "Value": "harbour"}]


@pytest.fixture
def iam(aws: AwsServer) -> Any:
    return aws.client("iam")


def code_of(error: pytest.ExceptionInfo[ClientError]) -> str:
    return str(error.value.response["Error"]["Code"])


def test_a_role_is_read_back_as_it_was_made(iam: Any) -> None:
    iam.create_role(RoleName="sailor", Path="/crew/", AssumeRolePolicyDocument=TRUST, Description="sails", Tags=TAGS)

    role = iam.get_role(RoleName="sailor")["Role"]

    assert role["Arn"] == "arn:aws:iam::000000000000:role/crew/sailor"
    assert role["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert (role["Description"], role["MaxSessionDuration"], role["Tags"]) == ("sails", 3600, TAGS)
    assert role["RoleId"].startswith("AROA")
    assert len(role["RoleId"]) == 20


def test_two_names_that_differ_only_in_case_are_the_same(iam: Any) -> None:
    iam.create_user(UserName="Ann")

    with pytest.raises(ClientError) as error:
        iam.create_user(UserName="ann")
    assert code_of(error) == "EntityAlreadyExists"
    assert iam.get_user(UserName="ANN")["User"]["UserName"] == "Ann"


def test_what_is_not_there_is_said_in_aws_s_words(iam: Any) -> None:
    wanted: list[tuple[Callable[[], Any], str]] = [
        (lambda: iam.get_role(RoleName="nobody"), "The role with name nobody cannot be found."),
        (lambda: iam.get_user(UserName="nobody"), "The user with name nobody cannot be found."),
        (
            lambda: iam.get_instance_profile(InstanceProfileName="nobody"),
            "Instance Profile nobody cannot be found.",
        ),
    ]
    for call, message in wanted:
        with pytest.raises(ClientError) as error:
            call()
        assert code_of(error) == "NoSuchEntity"
        assert error.value.response["Error"]["Message"] == message
        assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


def test_a_role_is_deleted_only_when_nothing_hangs_on_it(iam: Any) -> None:
    iam.create_role(RoleName="sailor", AssumeRolePolicyDocument=TRUST)
    arn = iam.create_policy(PolicyName="sail", PolicyDocument=POLICY)["Policy"]["Arn"]
    iam.attach_role_policy(RoleName="sailor", PolicyArn=arn)
    iam.put_role_policy(RoleName="sailor", PolicyName="own", PolicyDocument=POLICY)
    iam.create_instance_profile(InstanceProfileName="boat")
    iam.add_role_to_instance_profile(InstanceProfileName="boat", RoleName="sailor")

    steps: list[Callable[[], Any]] = [
        lambda: iam.remove_role_from_instance_profile(InstanceProfileName="boat", RoleName="sailor"),
        lambda: iam.detach_role_policy(RoleName="sailor", PolicyArn=arn),
        lambda: iam.delete_role_policy(RoleName="sailor", PolicyName="own"),
    ]
    for undo in steps:
        with pytest.raises(ClientError) as error:
            iam.delete_role(RoleName="sailor")
        assert code_of(error) == "DeleteConflict"
        undo()

    iam.delete_role(RoleName="sailor")
    assert iam.list_roles()["Roles"] == []


def test_policies_of_every_kind_of_holder_are_listed(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="sail", PolicyDocument=POLICY)["Policy"]["Arn"]
    managed = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    iam.create_role(RoleName="r", AssumeRolePolicyDocument=TRUST)
    iam.create_user(UserName="u")
    iam.create_group(GroupName="g")
    for kind in ("role", "user", "group"):
        name = {f"{kind.capitalize()}Name": kind[0]}
        getattr(iam, f"attach_{kind}_policy")(PolicyArn=arn, **name)
        getattr(iam, f"put_{kind}_policy")(PolicyName="own", PolicyDocument=POLICY, **name)

        attached = getattr(iam, f"list_attached_{kind}_policies")(**name)["AttachedPolicies"]
        own = getattr(iam, f"get_{kind}_policy")(PolicyName="own", **name)

        assert attached == [{"PolicyName": "sail", "PolicyArn": arn}]
        assert own["PolicyDocument"] == json.loads(POLICY)
        assert getattr(iam, f"list_{kind}_policies")(**name)["PolicyNames"] == ["own"]
    iam.attach_role_policy(RoleName="r", PolicyArn=managed)

    holders = iam.list_entities_for_policy(PolicyArn=arn)
    assert [holder["RoleName"] for holder in holders["PolicyRoles"]] == ["r"]
    assert [holder["UserName"] for holder in holders["PolicyUsers"]] == ["u"]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 3
    assert {"PolicyName": "AWSLambdaBasicExecutionRole", "PolicyArn": managed} in (
        iam.list_attached_role_policies(RoleName="r")["AttachedPolicies"]
    )
    with pytest.raises(ClientError) as error:
        iam.delete_policy(PolicyArn=arn)
    assert code_of(error) == "DeleteConflict"


def test_a_policy_has_five_versions_at_most_and_one_that_counts(iam: Any) -> None:
    arn = iam.create_policy(PolicyName="sail", PolicyDocument=POLICY)["Policy"]["Arn"]
    for _ in range(4):
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY)
    with pytest.raises(ClientError) as error:
        iam.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY)
    assert code_of(error) == "LimitExceeded"

    iam.set_default_policy_version(PolicyArn=arn, VersionId="v3")
    iam.delete_policy_version(PolicyArn=arn, VersionId="v1")
    made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=POLICY, SetAsDefault=True)["PolicyVersion"]

    assert made["VersionId"] == "v6"
    assert iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"] == "v6"
    versions = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    assert [version["VersionId"] for version in versions] == ["v6", "v5", "v4", "v3", "v2"]


@pytest.mark.parametrize("document", ["", "no", "[]", '{"Statement": [{"Effect": "Maybe"}]}', TRUST])
def test_a_document_that_is_no_policy_is_refused(iam: Any, document: str) -> None:
    with pytest.raises(ClientError) as error:
        iam.create_policy(PolicyName="bad", PolicyDocument=document)
    assert code_of(error) in {"MalformedPolicyDocument", "ValidationError"}


def test_groups_have_users(iam: Any) -> None:
    iam.create_group(GroupName="crew")
    iam.create_user(UserName="ann")
    iam.add_user_to_group(GroupName="crew", UserName="ann")
    iam.update_user(UserName="ann", NewUserName="anna", NewPath="/deck/")

    assert [user["UserName"] for user in iam.get_group(GroupName="crew")["Users"]] == ["anna"]
    assert [group["GroupName"] for group in iam.list_groups_for_user(UserName="anna")["Groups"]] == ["crew"]

    iam.remove_user_from_group(GroupName="crew", UserName="anna")
    iam.delete_group(GroupName="crew")
    iam.delete_user(UserName="anna")


def test_tags_are_added_replaced_and_taken_away(iam: Any) -> None:
    iam.create_user(UserName="ann", Tags=TAGS)
    iam.tag_user(UserName="ann", Tags=[{"Key": "team", "Value": "sea"}, {"Key": "rank", "Value": "1"}])
    iam.untag_user(UserName="ann", TagKeys=["rank"])

    assert iam.list_user_tags(UserName="ann")["Tags"] == [{"Key": "team", "Value": "sea"}]


def test_pages_concatenate_to_the_listing(iam: Any) -> None:
    for number in range(5):
        iam.create_user(UserName=f"u{number}", Path="/a/" if number % 2 else "/b/")

    pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 2})
    assert [user["UserName"] for page in pages for user in page["Users"]] == [f"u{n}" for n in range(5)]
    assert [user["UserName"] for user in iam.list_users(PathPrefix="/a/")["Users"]] == ["u1", "u3"]


def test_accounts_are_apart_and_regions_are_one(aws: AwsServer, iam: Any) -> None:
    iam.create_user(UserName="ann")

    assert aws.client("iam", account="111111111111").list_users()["Users"] == []
    assert len(aws.client("iam", region="eu-west-1").list_users()["Users"]) == 1


def test_everything_is_there_after_a_restart(aws: AwsServer, iam: Any) -> None:
    iam.create_role(RoleName="sailor", AssumeRolePolicyDocument=TRUST, Tags=TAGS)
    iam.put_role_policy(RoleName="sailor", PolicyName="own", PolicyDocument=POLICY)
    before = iam.get_role(RoleName="sailor")["Role"]

    aws.restart()

    assert iam.get_role(RoleName="sailor")["Role"] == before
    assert iam.list_role_policies(RoleName="sailor")["PolicyNames"] == ["own"]


def test_users_have_no_credentials_of_the_kinds_that_nobody_can_make(iam: Any) -> None:
    """Terraform asks for all of them before it deletes a user with `force_destroy`."""
    iam.create_user(UserName="ann")

    assert iam.list_ssh_public_keys(UserName="ann")["SSHPublicKeys"] == []
    assert iam.list_signing_certificates(UserName="ann")["Certificates"] == []
    assert iam.list_service_specific_credentials(UserName="ann")["ServiceSpecificCredentials"] == []
    assert iam.list_service_specific_credentials(AllUsers=True)["ServiceSpecificCredentials"] == []
    assert iam.list_mfa_devices(UserName="ann")["MFADevices"] == []
    assert iam.list_virtual_mfa_devices()["VirtualMFADevices"] == []
    for call in (iam.get_login_profile, iam.delete_login_profile):
        with pytest.raises(ClientError, match=r"Login Profile for User ann cannot be found\.") as error:
            call(UserName="ann")
        assert code_of(error) == "NoSuchEntity"


@pytest.mark.parametrize(
    "call",
    ["list_ssh_public_keys", "list_signing_certificates", "list_service_specific_credentials", "list_mfa_devices"],
)
def test_credentials_of_a_user_who_is_not_there_are_not_listed(iam: Any, call: str) -> None:
    with pytest.raises(ClientError) as error:
        getattr(iam, call)(UserName="nobody")
    assert code_of(error) == "NoSuchEntity"
