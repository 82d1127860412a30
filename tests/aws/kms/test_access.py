"""In mode `signed` a key is its account's, and who else may use it is its policy's to say."""

import json

from tests.aws.accounts import OTHER, OWNER, Accounts, code


def test_a_key_is_its_accounts_alone(accounts: Accounts) -> None:
    owner, other = accounts.client("kms", OWNER), accounts.client("kms", OTHER)
    key = owner.create_key()["KeyMetadata"]["Arn"]
    owner.create_alias(AliasName="alias/a", TargetKeyId=key)
    own = other.create_key()["KeyMetadata"]["Arn"]
    blob = other.encrypt(KeyId=own, Plaintext=b"x")["CiphertextBlob"]

    for do, more in (
        (other.describe_key, {"KeyId": key}),
        (other.encrypt, {"KeyId": key, "Plaintext": b"x"}),
        (other.encrypt, {"KeyId": f"arn:aws:kms:us-east-1:{OWNER}:alias/a", "Plaintext": b"x"}),
        (other.re_encrypt, {"CiphertextBlob": blob, "DestinationKeyId": key}),
        (other.put_key_policy, {"KeyId": key, "Policy": "{}"}),
        (other.schedule_key_deletion, {"KeyId": key}),
        (other.create_alias, {"AliasName": "alias/mine", "TargetKeyId": key}),
    ):
        assert code(do, **more) == "AccessDeniedException"
    assert owner.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


def test_a_policy_lets_another_account_use_a_key_and_not_rule_it(accounts: Accounts) -> None:
    owner, other = accounts.client("kms", OWNER), accounts.client("kms", OTHER)
    shared = {"Effect": "Allow", "Principal": {"AWS": OTHER}, "Action": "kms:*", "Resource": "*"}
    key = owner.create_key(Policy=json.dumps({"Version": "2012-10-17", "Statement": [shared]}))["KeyMetadata"]["Arn"]

    blob = other.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]

    assert other.decrypt(KeyId=key, CiphertextBlob=blob)["Plaintext"] == b"x"
    assert owner.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
    assert code(other.disable_key, KeyId=key) == "AccessDeniedException"
