"""What Terraform's AWS provider compares of tables, keys and IAM's entities: see `test_terraform_sequences.py`."""

import json
from typing import Any

import pytest
from tests.aws.replies import code_of, told
from tests.aws_server import AwsServer

ROOT = "arn:aws:iam::000000000000:root"


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def reading(action: str) -> str:
    statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


# DynamoDB


@pytest.fixture
def tables(aws: AwsServer) -> Any:
    return aws.client("dynamodb")


def hash_key(name: str) -> dict[str, str]:
    return {"AttributeName": name, "KeyType": "HASH"}


def range_key(name: str) -> dict[str, str]:
    return {"AttributeName": name, "KeyType": "RANGE"}


def units(read: int, write: int) -> dict[str, int]:
    return {"ReadCapacityUnits": read, "WriteCapacityUnits": write}


def test_a_table_on_demand_is_switched_on_and_off(aws: AwsServer, tables: Any) -> None:
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    tables.create_table(
        TableName="ships",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[hash_key("id")],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
        TableClass="STANDARD",
        Tags=[{"Key": "team", "Value": "harbour"}],
    )
    table = tables.describe_table(TableName="ships")["Table"]
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert table["ProvisionedThroughput"].items() >= units(0, 0).items()
    assert (table["TableStatus"], table["DeletionProtectionEnabled"]) == ("ACTIVE", False)
    # From version 6 on the provider waits for this one too.
    assert table["WarmThroughput"]["Status"] == "ACTIVE"
    assert (table["SSEDescription"]["Status"], table["SSEDescription"]["KMSMasterKeyArn"]) == ("ENABLED", key)
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}
    assert table["LatestStreamArn"] == f"{table['TableArn']}/stream/{table['LatestStreamLabel']}"
    arn = table["TableArn"]
    assert tables.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "harbour"}]

    def expiry() -> Any:
        return tables.describe_time_to_live(TableName="ships")["TimeToLiveDescription"]

    def recovery() -> str:
        found = tables.describe_continuous_backups(TableName="ships")["ContinuousBackupsDescription"]
        return str(found["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"])

    assert (expiry(), recovery()) == ({"TimeToLiveStatus": "DISABLED"}, "DISABLED")
    gone = {"AttributeName": "gone", "Enabled": True}
    tables.update_time_to_live(TableName="ships", TimeToLiveSpecification=gone)
    backups = {"PointInTimeRecoveryEnabled": True}
    tables.update_continuous_backups(TableName="ships", PointInTimeRecoverySpecification=backups)
    assert expiry() == {"TimeToLiveStatus": "ENABLED", "AttributeName": "gone"}
    assert recovery() == "ENABLED"

    tables.update_table(TableName="ships", StreamSpecification={"StreamEnabled": False})
    tables.update_table(TableName="ships", SSESpecification={"Enabled": False})
    tables.update_table(TableName="ships", TableClass="STANDARD_INFREQUENT_ACCESS")
    table = tables.describe_table(TableName="ships")["Table"]
    assert not table.get("StreamSpecification", {}).get("StreamEnabled", False)
    assert table.get("SSEDescription", {"Status": "DISABLED"})["Status"] == "DISABLED"
    assert table["TableClassSummary"]["TableClass"] == "STANDARD_INFREQUENT_ACCESS"

    tables.delete_table(TableName="ships")
    for call in (tables.describe_table, tables.delete_table):
        assert code_of(call, TableName="ships") == "ResourceNotFoundException"
    for call in (tables.describe_time_to_live, tables.describe_continuous_backups):
        assert code_of(call, TableName="ships") in {"ResourceNotFoundException", "TableNotFoundException"}


def test_a_provisioned_table_s_indexes_come_and_go(tables: Any) -> None:
    projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["weight"]}
    by_port = {"IndexName": "by-port", "KeySchema": [hash_key("port"), range_key("day")]}
    tables.create_table(
        TableName="visits",
        BillingMode="PROVISIONED",
        ProvisionedThroughput=units(2, 2),
        KeySchema=[hash_key("ship"), range_key("day")],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (("ship", "S"), ("day", "N"), ("port", "S"), ("cargo", "B"))
        ],
        LocalSecondaryIndexes=[
            {"IndexName": "by-cargo", "KeySchema": [hash_key("ship"), range_key("cargo")], "Projection": projection}
        ],
        GlobalSecondaryIndexes=[
            {**by_port, "Projection": {"ProjectionType": "ALL"}, "ProvisionedThroughput": units(1, 1)}
        ],
    )

    def described() -> Any:
        return tables.describe_table(TableName="visits")["Table"]

    def indexes() -> dict[str, Any]:
        return {index["IndexName"]: index for index in described().get("GlobalSecondaryIndexes", [])}

    table = described()
    assert (table["KeySchema"], len(table["AttributeDefinitions"])) == ([hash_key("ship"), range_key("day")], 4)
    assert table["LocalSecondaryIndexes"][0]["Projection"] == projection
    assert table.get("BillingModeSummary", {"BillingMode": "PROVISIONED"})["BillingMode"] == "PROVISIONED"
    assert (indexes()["by-port"]["KeySchema"], indexes()["by-port"]["IndexStatus"]) == (by_port["KeySchema"], "ACTIVE")
    assert indexes()["by-port"]["WarmThroughput"]["Status"] == "ACTIVE"

    tables.update_table(TableName="visits", ProvisionedThroughput=units(4, 2))
    update = {"Update": {"IndexName": "by-port", "ProvisionedThroughput": units(3, 1)}}
    tables.update_table(TableName="visits", GlobalSecondaryIndexUpdates=[update])
    create = {
        "IndexName": "by-day",
        "KeySchema": [hash_key("day")],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
        "ProvisionedThroughput": units(1, 1),
    }
    tables.update_table(
        TableName="visits",
        AttributeDefinitions=table["AttributeDefinitions"],
        GlobalSecondaryIndexUpdates=[{"Create": create}],
    )
    assert described()["ProvisionedThroughput"].items() >= units(4, 2).items()
    assert indexes()["by-port"]["ProvisionedThroughput"].items() >= units(3, 1).items()
    assert {name: index["IndexStatus"] for name, index in indexes().items()} == {
        "by-port": "ACTIVE",
        "by-day": "ACTIVE",
    }
    assert described()["TableStatus"] == "ACTIVE"

    tables.update_table(TableName="visits", GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by-day"}}])
    assert list(indexes()) == ["by-port"]
    tables.update_table(TableName="visits", BillingMode="PAY_PER_REQUEST")
    assert described()["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    assert indexes()["by-port"]["ProvisionedThroughput"].items() >= units(0, 0).items()


def test_an_item_of_a_table_is_made_once_and_read_back(tables: Any) -> None:
    tables.create_table(
        TableName="ships",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[hash_key("id")],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
    )
    item = {"id": {"S": "a1"}, "crew": {"N": "12"}, "ports": {"SS": ["Bergen", "Cork"]}, "none": {"NULL": True}}
    once = {"ConditionExpression": "attribute_not_exists(#hk)", "ExpressionAttributeNames": {"#hk": "id"}}

    tables.put_item(TableName="ships", Item=item, **once)

    assert code_of(tables.put_item, TableName="ships", Item=item, **once) == "ConditionalCheckFailedException"
    of_item = {"TableName": "ships", "Key": {"id": {"S": "a1"}}, "ConsistentRead": True}
    assert tables.get_item(**of_item)["Item"] == item
    tables.delete_item(TableName="ships", Key=of_item["Key"])
    assert told(tables.get_item(**of_item)) == {}


# KMS


def test_a_key_settles_and_waits_for_its_end(aws: AwsServer) -> None:
    kms = aws.client("kms")
    made = kms.create_key(Description="chest", Tags=[{"TagKey": "team", "TagValue": "harbour"}])["KeyMetadata"]
    key = made["KeyId"]
    assert (made["KeyState"], made["Origin"], made["KeyUsage"]) == ("Enabled", "AWS_KMS", "ENCRYPT_DECRYPT")
    assert (made["CustomerMasterKeySpec"], made["MultiRegion"], made["Enabled"]) == ("SYMMETRIC_DEFAULT", False, True)
    default = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    assert default["Statement"][0]["Principal"] == {"AWS": ROOT}
    assert kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"] is False
    assert kms.list_resource_tags(KeyId=key)["Tags"] == [{"TagKey": "team", "TagValue": "harbour"}]

    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    found = kms.get_key_rotation_status(KeyId=key)
    assert (found["KeyRotationEnabled"], found["RotationPeriodInDays"]) == (True, 90)
    kms.update_key_description(KeyId=key, Description="other")
    kms.disable_key(KeyId=key)
    described = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (described["Description"], described["KeyState"], described["Enabled"]) == ("other", "Disabled", False)
    kms.enable_key(KeyId=key)
    policy = {
        "Version": "2012-10-17",
        "Id": "mine",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": ROOT}, "Action": "kms:*", "Resource": "*"}],
    }
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    assert json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]) == policy

    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert code_of(kms.schedule_key_deletion, KeyId=key) == "KMSInvalidStateException"
    absent = "00000000-0000-0000-0000-000000000000"
    assert code_of(kms.describe_key, KeyId=absent) == "NotFoundException"


def test_an_alias_moves_to_another_key_and_goes(aws: AwsServer) -> None:
    kms = aws.client("kms")
    one, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))

    def target() -> list[str]:
        found = kms.list_aliases()["Aliases"]
        return [alias["TargetKeyId"] for alias in found if alias["AliasName"] == "alias/chest"]

    kms.create_alias(AliasName="alias/chest", TargetKeyId=one)
    assert target() == [one]
    kms.update_alias(AliasName="alias/chest", TargetKeyId=other)
    assert target() == [other]
    kms.delete_alias(AliasName="alias/chest")
    assert target() == []
    assert code_of(kms.delete_alias, AliasName="alias/chest") == "NotFoundException"


# IAM


def test_a_role_with_policies_and_a_profile_is_unravelled(aws: AwsServer) -> None:
    iam = aws.client("iam")
    tags = [{"Key": "team", "Value": "harbour"}]
    ec2, functions = trust("ec2.amazonaws.com"), trust("lambda.amazonaws.com")
    iam.create_role(RoleName="sailor", Path="/crew/", AssumeRolePolicyDocument=ec2, Tags=tags, MaxSessionDuration=3600)
    role = iam.get_role(RoleName="sailor")["Role"]
    assert (role["Path"], role["MaxSessionDuration"], role["Tags"]) == ("/crew/", 3600, tags)
    assert role["AssumeRolePolicyDocument"] == json.loads(ec2)
    assert role.keys().isdisjoint({"Description", "PermissionsBoundary"})
    assert iam.list_role_policies(RoleName="sailor")["PolicyNames"] == []
    assert iam.list_attached_role_policies(RoleName="sailor")["AttachedPolicies"] == []

    iam.update_assume_role_policy(RoleName="sailor", PolicyDocument=functions)
    iam.update_role(RoleName="sailor", MaxSessionDuration=7200, Description="sails")
    role = iam.get_role(RoleName="sailor")["Role"]
    assert role["AssumeRolePolicyDocument"] == json.loads(functions)
    assert (role["MaxSessionDuration"], role["Description"]) == (7200, "sails")

    policy = iam.create_policy(PolicyName="read", PolicyDocument=reading("s3:Get*"))["Policy"]["Arn"]
    version = iam.create_policy_version(PolicyArn=policy, PolicyDocument=reading("s3:*"), SetAsDefault=True)
    assert iam.get_policy(PolicyArn=policy)["Policy"]["DefaultVersionId"] == version["PolicyVersion"]["VersionId"]
    found = iam.get_policy_version(PolicyArn=policy, VersionId="v2")["PolicyVersion"]
    assert found["Document"] == json.loads(reading("s3:*"))
    iam.attach_role_policy(RoleName="sailor", PolicyArn=policy)
    iam.put_role_policy(RoleName="sailor", PolicyName="inline", PolicyDocument=reading("sqs:*"))
    found = iam.get_role_policy(RoleName="sailor", PolicyName="inline")
    assert found["PolicyDocument"] == json.loads(reading("sqs:*"))
    iam.create_instance_profile(InstanceProfileName="sailor")
    iam.add_role_to_instance_profile(InstanceProfileName="sailor", RoleName="sailor")
    (profile,) = iam.list_instance_profiles_for_role(RoleName="sailor")["InstanceProfiles"]
    assert [each["RoleName"] for each in profile["Roles"]] == ["sailor"]
    assert code_of(iam.delete_role, RoleName="sailor") == "DeleteConflict"
    assert code_of(iam.delete_policy, PolicyArn=policy) == "DeleteConflict"

    iam.remove_role_from_instance_profile(InstanceProfileName="sailor", RoleName="sailor")
    iam.delete_instance_profile(InstanceProfileName="sailor")
    iam.delete_role_policy(RoleName="sailor", PolicyName="inline")
    iam.detach_role_policy(RoleName="sailor", PolicyArn=policy)
    iam.delete_policy_version(PolicyArn=policy, VersionId="v1")
    iam.delete_policy(PolicyArn=policy)
    iam.delete_role(RoleName="sailor")
    assert code_of(iam.get_role, RoleName="sailor") == "NoSuchEntity"
    assert code_of(iam.get_role_policy, RoleName="sailor", PolicyName="inline") == "NoSuchEntity"
    assert code_of(iam.list_attached_role_policies, RoleName="sailor") == "NoSuchEntity"
    assert code_of(iam.get_policy, PolicyArn=policy) == "NoSuchEntity"
    assert code_of(iam.get_instance_profile, InstanceProfileName="sailor") == "NoSuchEntity"


def test_a_user_with_a_key_is_renamed_and_goes(aws: AwsServer) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="captain", Path="/", Tags=[{"Key": "team", "Value": "harbour"}])
    key = iam.create_access_key(UserName="captain")["AccessKey"]["AccessKeyId"]
    iam.update_access_key(UserName="captain", AccessKeyId=key, Status="Inactive")
    iam.update_user(UserName="captain", NewUserName="admiral", NewPath="/bridge/")
    user = iam.get_user(UserName="admiral")["User"]
    assert (user["Path"], user["Arn"]) == ("/bridge/", "arn:aws:iam::000000000000:user/bridge/admiral")
    assert user["Tags"] == [{"Key": "team", "Value": "harbour"}]
    (found,) = iam.list_access_keys(UserName="admiral")["AccessKeyMetadata"]
    assert (found["AccessKeyId"], found["Status"]) == (key, "Inactive")

    assert code_of(iam.delete_user, UserName="admiral") == "DeleteConflict"
    iam.delete_access_key(UserName="admiral", AccessKeyId=key)
    iam.delete_user(UserName="admiral")
    assert code_of(iam.get_user, UserName="admiral") == "NoSuchEntity"
    assert code_of(iam.list_access_keys, UserName="admiral") == "NoSuchEntity"
