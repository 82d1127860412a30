"""IAM's operations by AWS's names."""

from collections.abc import Mapping

from homeport.aws.service import Operation
from homeport.aws.services.iam.operations import groups, others, policies, profiles, roles, users
from homeport.aws.services.iam.operations.shared import Lookup, attaching, bounding, inlining, tagging
from homeport.aws.services.iam.room import Iam, find
from homeport.aws.services.iam.store import Entity, Kind
from homeport.kernel.storage.database import Snapshot


def _named(kind: Kind) -> Lookup:
    def lookup(snapshot: Snapshot, account: str, name: str) -> Entity:
        return find(snapshot, account, kind, name)

    return lookup


OPERATIONS: Mapping[str, Operation[Iam]] = {
    "AddRoleToInstanceProfile": profiles.add_role_to_instance_profile,
    "AddUserToGroup": groups.add_user_to_group,
    "CreateAccessKey": users.create_access_key,
    "CreateAccountAlias": profiles.create_account_alias,
    "CreateGroup": groups.create_group,
    "CreateInstanceProfile": profiles.create_instance_profile,
    "CreatePolicy": policies.create_policy,
    "CreatePolicyVersion": policies.create_policy_version,
    "CreateRole": roles.create_role,
    "CreateServiceLinkedRole": roles.create_service_linked_role,
    "CreateUser": users.create_user,
    "DeleteAccessKey": users.delete_access_key,
    "DeleteAccountAlias": profiles.delete_account_alias,
    "DeleteGroup": groups.delete_group,
    "DeleteInstanceProfile": profiles.delete_instance_profile,
    "DeleteLoginProfile": others.delete_login_profile,
    "DeletePolicy": policies.delete_policy,
    "DeletePolicyVersion": policies.delete_policy_version,
    "DeleteRole": roles.delete_role,
    "DeleteUser": users.delete_user,
    "GetAccessKeyLastUsed": users.get_access_key_last_used,
    "GetAccountSummary": profiles.get_account_summary,
    "GetGroup": groups.get_group,
    "GetInstanceProfile": profiles.get_instance_profile,
    "GetLoginProfile": others.get_login_profile,
    "GetPolicy": policies.get_policy,
    "GetPolicyVersion": policies.get_policy_version,
    "GetRole": roles.get_role,
    "GetUser": users.get_user,
    "ListAccessKeys": users.list_access_keys,
    "ListAccountAliases": profiles.list_account_aliases,
    "ListEntitiesForPolicy": policies.list_entities_for_policy,
    "ListGroups": groups.list_groups,
    "ListGroupsForUser": groups.list_groups_for_user,
    "ListInstanceProfiles": profiles.list_instance_profiles,
    "ListInstanceProfilesForRole": profiles.list_instance_profiles_for_role,
    "ListMFADevices": others.list_mfa_devices,
    "ListPolicies": policies.list_policies,
    "ListPolicyVersions": policies.list_policy_versions,
    "ListRoles": roles.list_roles,
    "ListSSHPublicKeys": others.list_ssh_public_keys,
    "ListServiceSpecificCredentials": others.list_service_specific_credentials,
    "ListSigningCertificates": others.list_signing_certificates,
    "ListUsers": users.list_users,
    "ListVirtualMFADevices": others.list_virtual_mfa_devices,
    "RemoveRoleFromInstanceProfile": profiles.remove_role_from_instance_profile,
    "RemoveUserFromGroup": groups.remove_user_from_group,
    "SetDefaultPolicyVersion": policies.set_default_policy_version,
    "UpdateAccessKey": users.update_access_key,
    "UpdateAssumeRolePolicy": roles.update_assume_role_policy,
    "UpdateGroup": groups.update_group,
    "UpdateRole": roles.update_role,
    "UpdateRoleDescription": roles.update_role_description,
    "UpdateUser": users.update_user,
    **attaching("user"),
    **attaching("group"),
    **attaching("role"),
    **inlining("user"),
    **inlining("group"),
    **inlining("role"),
    **bounding("user"),
    **bounding("role"),
    **tagging("user", "UserName", _named("user")),
    **tagging("role", "RoleName", _named("role")),
    **tagging("instance-profile", "InstanceProfileName", _named("instance-profile")),
    **tagging("policy", "PolicyArn", policies.find_policy),
}
