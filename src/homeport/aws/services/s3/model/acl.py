"""Access control lists: canned ones, those in headers and documents, and what they let others do."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import InvalidArgument, InvalidRequest, MalformedAcl
from homeport.aws.services.s3.model.bucket import Acl
from homeport.aws.services.s3.model.names import canonical_id

ALL_USERS: Final = "http://acs.amazonaws.com/groups/global/AllUsers"
AUTHENTICATED: Final = "http://acs.amazonaws.com/groups/global/AuthenticatedUsers"
LOG_DELIVERY: Final = "http://acs.amazonaws.com/groups/s3/LogDelivery"
_GROUPS: Final = frozenset({ALL_USERS, AUTHENTICATED, LOG_DELIVERY})
_PERMISSIONS: Final = frozenset({"FULL_CONTROL", "READ", "WRITE", "READ_ACP", "WRITE_ACP"})
_CANONICAL = re.compile(r"[0-9a-f]{64}")
_GRANTEE = re.compile(r"\s*(\w+)\s*=\s*\"?([^\",]*)\"?\s*")
_MOST_GRANTS = 100

_CANNED: Final[Mapping[str, Sequence[tuple[str, str]]]] = {
    "private": (),
    "public-read": ((ALL_USERS, "READ"),),
    "public-read-write": ((ALL_USERS, "READ"), (ALL_USERS, "WRITE")),
    "authenticated-read": ((AUTHENTICATED, "READ"),),
    "aws-exec-read": (),
    "log-delivery-write": ((LOG_DELIVERY, "WRITE"), (LOG_DELIVERY, "READ_ACP")),
    "bucket-owner-read": (),
    "bucket-owner-full-control": (),
}
_BUCKET_CANNED: Final = frozenset(
    {"private", "public-read", "public-read-write", "authenticated-read", "log-delivery-write", "aws-exec-read"}
)
_OBJECT_CANNED: Final = frozenset(_CANNED) - {"log-delivery-write"}
_GRANT_HEADERS: Final = (
    ("GrantFullControl", "FULL_CONTROL", "x-amz-grant-full-control"),
    ("GrantRead", "READ", "x-amz-grant-read"),
    ("GrantWrite", "WRITE", "x-amz-grant-write"),
    ("GrantReadACP", "READ_ACP", "x-amz-grant-read-acp"),
    ("GrantWriteACP", "WRITE_ACP", "x-amz-grant-write-acp"),
)


def user_grant(account: str, permission: str) -> api.Grant:
    """A grant to an account."""
    return {"Grantee": {"ID": canonical_id(account), "Type": "CanonicalUser"}, "Permission": permission}


def _group_grant(uri: str, permission: str) -> api.Grant:
    return {"Grantee": {"Type": "Group", "URI": uri}, "Permission": permission}


def private(account: str) -> Acl:
    """The owner may do everything, nobody else anything."""
    return {"owner": canonical_id(account), "grants": [user_grant(account, "FULL_CONTROL")]}


def canned(name: str, owner: str, bucket_owner: str, *, bucket: bool) -> Acl:
    """The ACL that a name stands for.

    Raises:
        InvalidArgument: it stands for none.
    """
    if name not in (_BUCKET_CANNED if bucket else _OBJECT_CANNED):
        raise InvalidArgument("", "x-amz-acl", name)
    acl = private(owner)
    acl["grants"] += [_group_grant(uri, permission) for uri, permission in _CANNED[name]]
    if name in {"bucket-owner-read", "bucket-owner-full-control"} and bucket_owner != owner:
        acl["grants"].append(user_grant(bucket_owner, "READ" if name.endswith("read") else "FULL_CONTROL"))
    return acl


def grant_headers(request: Mapping[str, object]) -> list[tuple[str, str, str]]:
    """Permission, header and text of every grant header that a request has."""
    found = []
    for member, permission, header in _GRANT_HEADERS:
        text = request.get(member)
        if isinstance(text, str):
            found.append((permission, header, text))
    return found


def from_headers(headers: Sequence[tuple[str, str, str]], owner: str) -> Acl:
    """The ACL that grant headers describe.

    Raises:
        InvalidArgument: one of them cannot be read.
    """
    grants: list[api.Grant] = []
    for permission, header, text in headers:
        for part in text.split(","):
            match = _GRANTEE.fullmatch(part)
            if match is None or match[1] not in {"id", "uri", "emailAddress"}:
                raise InvalidArgument("Argument format not recognized", header, part.strip())
            grants.append(_header_grant(match[1], match[2], permission))
    return {"owner": canonical_id(owner), "grants": grants}


def _header_grant(kind: str, value: str, permission: str) -> api.Grant:
    if kind == "uri":
        if value not in _GROUPS:
            raise InvalidArgument("Invalid group uri", "uri", value)
        return _group_grant(value, permission)
    if kind == "emailAddress":
        raise InvalidArgument("Email addresses are not supported as grantees", "emailAddress", value)
    if _CANONICAL.fullmatch(value) is None:
        raise InvalidArgument("Invalid id", "id", value)
    return {"Grantee": {"ID": value, "Type": "CanonicalUser"}, "Permission": permission}


def from_document(document: api.AccessControlPolicy, owner: str) -> Acl:
    """The ACL of a document.

    `owner`: the account whose bucket or object it is; its id may not be another one.

    Raises:
        MalformedAcl, InvalidArgument: the document does not fit.
    """
    told = document.get("Owner", {})
    if "Grants" not in document or not told.get("ID"):
        raise MalformedAcl
    if told["ID"] != canonical_id(owner):
        raise InvalidArgument("Invalid id", "CanonicalUser/ID", told["ID"])
    if len(document["Grants"]) > _MOST_GRANTS:
        raise InvalidRequest(f"An ACL can have at most {_MOST_GRANTS} grants")
    return {"owner": told["ID"], "grants": [_document_grant(grant) for grant in document["Grants"]]}


def _document_grant(grant: api.Grant) -> api.Grant:
    grantee = grant.get("Grantee")
    if grantee is None or grant.get("Permission") not in _PERMISSIONS:
        raise MalformedAcl
    permission = grant["Permission"]
    match grantee.get("Type"):
        case "Group" if "URI" in grantee:
            if grantee["URI"] not in _GROUPS:
                raise InvalidArgument("Invalid group uri", "Group/URI", grantee["URI"])
            return _group_grant(grantee["URI"], permission)
        case "CanonicalUser" if "ID" in grantee:
            if _CANONICAL.fullmatch(grantee["ID"]) is None:
                raise InvalidArgument("Invalid id", "CanonicalUser/ID", grantee["ID"])
            return {"Grantee": {"ID": grantee["ID"], "Type": "CanonicalUser"}, "Permission": permission}
    raise MalformedAcl


def grants(acl: Acl, permission: str, account: str) -> bool:
    """Whether an account, or (empty) somebody without credentials, has been granted a permission."""
    own_id = canonical_id(account) if account else ""
    for grant in acl["grants"]:
        if grant["Permission"] not in {permission, "FULL_CONTROL"}:
            continue
        grantee = grant["Grantee"]
        uri = grantee.get("URI")
        if uri == ALL_USERS or (account and (uri == AUTHENTICATED or grantee.get("ID") == own_id)):
            return True
    return False


def is_public(acl: Acl) -> bool:
    """Whether everybody has been granted something."""
    return any(grant["Grantee"].get("URI") in {ALL_USERS, AUTHENTICATED} for grant in acl["grants"])


def is_private(acl: Acl) -> bool:
    """Whether nobody beside the owner has been granted anything."""
    return all(grant["Grantee"].get("ID") == acl["owner"] for grant in acl["grants"])
