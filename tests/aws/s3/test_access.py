"""Who may do what: policies, ACLs, ownership and the block on public access (S3 user guide, "Access management")."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.aws.accounts import Accounts
from tests.aws_server import AwsServer
from tests.s3_wire import ask, code, refused

from homeport.kernel.clock import SystemClock

STRANGER = "111111111111"


def policy(bucket: str, **statement: Any) -> str:
    """A policy of one statement on all objects."""
    whole = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**whole, **statement}]})


def test_nobody_reads_a_new_bucket(shared: AwsServer, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    for path in (f"/{bucket}/k", f"/{bucket}", f"/{bucket}/none"):
        answer = ask(shared.url, "GET", path)
        assert (answer.status, answer.element("Code")) == (403, "AccessDenied")
    assert ask(shared.url, "PUT", f"/{bucket}/new", b"x").status == 403


def test_another_account_is_a_stranger(shared: AwsServer, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    stranger = shared.client("s3", account=STRANGER)

    assert code(stranger.get_object, Bucket=bucket, Key="k") == ("AccessDenied", 403)
    assert code(stranger.list_objects_v2, Bucket=bucket) == ("AccessDenied", 403)
    assert code(stranger.delete_bucket, Bucket=bucket) == ("AccessDenied", 403)
    assert code(stranger.create_bucket, Bucket=bucket) == ("BucketAlreadyExists", 409)
    batch = stranger.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "k"}]})
    assert batch["Errors"][0]["Code"] == "AccessDenied"


def test_a_policy_lets_everybody_read(shared: AwsServer, s3: Any, open_bucket: str) -> None:
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"x")
    s3.put_bucket_policy(Bucket=open_bucket, Policy=policy(open_bucket))

    assert ask(shared.url, "GET", f"/{open_bucket}/k").body == b"x"
    assert ask(shared.url, "GET", f"/{open_bucket}").status == 403
    assert ask(shared.url, "GET", f"/{open_bucket}/none").status == 403
    assert s3.get_bucket_policy_status(Bucket=open_bucket)["PolicyStatus"]["IsPublic"]


def test_a_policy_lets_one_account_in(shared: AwsServer, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    principal = {"AWS": f"arn:aws:iam::{STRANGER}:root"}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, Principal=principal, Action=["s3:Get*", "s3:PutObject"]))

    assert shared.client("s3", account=STRANGER).get_object(Bucket=bucket, Key="k")["Body"].read() == b"x"
    other = shared.client("s3", account="222222222222")
    assert code(other.get_object, Bucket=bucket, Key="k") == ("AccessDenied", 403)
    assert not s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"]


def test_strangers_agree_to_pay_where_the_requester_does(shared: AwsServer, s3: Any, open_bucket: str) -> None:
    """S3 user guide, "Using Requester Pays general purpose buckets"."""
    resources = [f"arn:aws:s3:::{open_bucket}", f"arn:aws:s3:::{open_bucket}/*"]
    s3.put_bucket_policy(Bucket=open_bucket, Policy=policy(open_bucket, Action="s3:*", Resource=resources))
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"x")
    s3.put_bucket_request_payment(Bucket=open_bucket, RequestPaymentConfiguration={"Payer": "Requester"})
    stranger = shared.client("s3", account=STRANGER)
    asked = {"Bucket": open_bucket, "Key": "k"}
    source = {"Bucket": "strangers-own", "Key": "copy", "CopySource": asked}
    stranger.create_bucket(Bucket="strangers-own")

    for refusal in (
        code(stranger.get_object, **asked),
        code(stranger.put_object, **asked),
        code(stranger.list_objects_v2, Bucket=open_bucket),
        code(stranger.delete_objects, Bucket=open_bucket, Delete={"Objects": [{"Key": "k"}]}),
        code(stranger.copy_object, **source),
    ):
        assert refusal == ("AccessDenied", 403)
    assert ask(shared.url, "GET", f"/{open_bucket}/k", x_amz_request_payer="requester").status == 403
    paid = stranger.get_object(**asked, RequestPayer="requester")
    assert (paid["Body"].read(), paid["RequestCharged"]) == (b"x", "requester")
    assert stranger.get_object_tagging(**asked, RequestPayer="requester")["TagSet"] == []
    assert stranger.copy_object(**source, RequestPayer="requester")["CopyObjectResult"]
    assert stranger.delete_objects(Bucket=open_bucket, Delete={"Objects": [{"Key": "k"}]}, RequestPayer="requester")[
        "Deleted"
    ]
    assert "RequestCharged" not in s3.list_objects_v2(Bucket=open_bucket, RequestPayer="requester")


def test_a_denial_outweighs_every_leave_also_the_owners(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="secret/k", Body=b"x")
    denial = policy(bucket, Effect="Deny", Resource=f"arn:aws:s3:::{bucket}/secret/*")
    s3.put_bucket_policy(Bucket=bucket, Policy=denial)

    assert code(s3.get_object, Bucket=bucket, Key="secret/k") == ("AccessDenied", 403)
    s3.delete_bucket_policy(Bucket=bucket)
    assert s3.get_object(Bucket=bucket, Key="secret/k")


def test_an_owner_who_locked_himself_out_can_mend_the_policy(s3: Any, bucket: str) -> None:
    resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, Effect="Deny", Action="s3:*", Resource=resources))

    assert code(s3.list_objects_v2, Bucket=bucket) == ("AccessDenied", 403)
    s3.delete_bucket_policy(Bucket=bucket)
    assert s3.list_objects_v2(Bucket=bucket)


def test_conditions_are_evaluated(shared: AwsServer, s3: Any, open_bucket: str) -> None:
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"x", Tagging="public=yes")
    s3.put_object(Bucket=open_bucket, Key="other", Body=b"x")
    tagged = {"StringEquals": {"s3:ExistingObjectTag/public": "yes"}, "IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}
    s3.put_bucket_policy(Bucket=open_bucket, Policy=policy(open_bucket, Condition=tagged))

    assert ask(shared.url, "GET", f"/{open_bucket}/k").status == 200
    assert ask(shared.url, "GET", f"/{open_bucket}/other").status == 403


def test_pages_of_others_are_kept_from_showing_what_is_ours(shared: AwsServer, s3: Any, open_bucket: str) -> None:
    """The example of AWS's guide: access by a certain HTTP referer."""
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"x")
    ours = {"StringLike": {"aws:Referer": "https://www.example.org/*"}}
    s3.put_bucket_policy(Bucket=open_bucket, Policy=policy(open_bucket, Condition=ours))

    assert ask(shared.url, "GET", f"/{open_bucket}/k", Referer="https://www.example.org/page").status == 200
    assert ask(shared.url, "GET", f"/{open_bucket}/k", Referer="https://www.example.com/page").status == 403
    assert ask(shared.url, "GET", f"/{open_bucket}/k").status == 403


def test_a_policy_may_demand_a_tag_of_what_is_put(s3: Any, bucket: str) -> None:
    untagged = {"StringNotEquals": {"s3:RequestObjectTag/Team": "sea"}}
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, Effect="Deny", Action="s3:PutObject", Condition=untagged))

    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"x") == ("AccessDenied", 403)
    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"x", Tagging="Team=land") == ("AccessDenied", 403)
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"x", Tagging="Team=sea")
    s3.put_bucket_policy(
        Bucket=bucket, Policy=policy(bucket, Effect="Deny", Action="s3:PutObjectTagging", Condition=untagged)
    )
    land, sea = ({"TagSet": [{"Key": "team", "Value": value}]} for value in ("land", "sea"))
    assert code(s3.put_object_tagging, Bucket=bucket, Key="k", Tagging=land) == ("AccessDenied", 403)
    s3.put_object_tagging(Bucket=bucket, Key="k", Tagging=sea)


INSECURE = {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize(("proxies", "behind_tls"), [("127.0.0.0/8", None), ("10.0.0.0/8", ("AccessDenied", 403))])
def test_a_policy_that_denies_plain_http_asks_what_the_client_spoke(
    tmp_path: Path, proxies: str, behind_tls: tuple[str, int] | None
) -> None:
    settings = {"http.trusted_proxies": proxies, "aws.auth": "signed"}
    server = AwsServer(tmp_path / "data", clock=SystemClock(), settings=settings).start()
    s3, spoken = Accounts(server).client("s3", "111111111111"), {"X-Forwarded-Proto": "http"}
    s3.meta.events.register("before-send.s3.PutObject", lambda request, **_: request.headers.update(spoken))
    s3.create_bucket(Bucket="bucket")
    s3.put_bucket_policy(Bucket="bucket", Policy=policy("bucket", Effect="Deny", Action="s3:*", Condition=INSECURE))

    assert code(s3.put_object, Bucket="bucket", Key="k") == ("AccessDenied", 403)
    spoken["X-Forwarded-Proto"] = "https"
    if behind_tls is None:
        s3.put_object(Bucket="bucket", Key="k")
    else:
        assert code(s3.put_object, Bucket="bucket", Key="k") == behind_tls
    assert s3.delete_bucket_policy(Bucket="bucket"), "who locked himself out can mend it"
    server.stop()


def test_plain_http_counts_as_https_where_nothing_is_proved(s3: Any, bucket: str) -> None:
    s3.put_bucket_policy(Bucket=bucket, Policy=policy(bucket, Effect="Deny", Action="s3:*", Condition=INSECURE))

    assert s3.put_object(Bucket=bucket, Key="k")


def test_public_policies_are_blocked_by_default(s3: Any, bucket: str) -> None:
    refusal = refused(s3.put_bucket_policy, Bucket=bucket, Policy=policy(bucket))

    assert (refusal["Code"], refusal["Status"]) == ("AccessDenied", 403)
    assert "BlockPublicPolicy" in refusal["Message"]


def test_restricting_public_buckets_shuts_strangers_out_again(shared: AwsServer, s3: Any, open_bucket: str) -> None:
    s3.put_object(Bucket=open_bucket, Key="k", Body=b"x")
    s3.put_bucket_policy(Bucket=open_bucket, Policy=policy(open_bucket))

    s3.put_public_access_block(Bucket=open_bucket, PublicAccessBlockConfiguration={"RestrictPublicBuckets": True})

    assert ask(shared.url, "GET", f"/{open_bucket}/k").status == 403
    assert s3.get_object(Bucket=open_bucket, Key="k")


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        "[]",
        "{}",
        '{"Version": "2020-01-01", "Statement": []}',
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Maybe"}]}',
        '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*"}]}',
    ],
)
def test_policies_that_cannot_be_read_are_refused(s3: Any, bucket: str, text: str) -> None:
    assert code(s3.put_bucket_policy, Bucket=bucket, Policy=text) == ("MalformedPolicy", 400)


def test_policies_of_other_buckets_and_services_are_refused(s3: Any, bucket: str) -> None:
    for wrong in (
        policy("other-bucket"),
        policy(bucket, Action="sqs:SendMessage"),
        policy(bucket, Principal={"AWS": "me"}),
    ):
        assert code(s3.put_bucket_policy, Bucket=bucket, Policy=wrong) == ("MalformedPolicy", 400)
    assert code(s3.get_bucket_policy, Bucket=bucket) == ("NoSuchBucketPolicy", 404)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("s3:GetObject", "arn:aws:s3:::{0}"),
        ("s3:ListBucket", "arn:aws:s3:::{0}/*"),
        (["s3:ListBucket", "s3:PutObject"], ["arn:aws:s3:::{0}"]),
    ],
)
def test_an_action_needs_a_resource_of_its_kind(s3: Any, bucket: str, action: Any, resource: Any) -> None:
    named = [each.format(bucket) for each in ([resource] if isinstance(resource, str) else resource)]
    wrong = policy(bucket, Principal={"AWS": "111111111111"}, Action=action, Resource=named)

    error = refused(s3.put_bucket_policy, Bucket=bucket, Policy=wrong)

    assert error["Code"] == "MalformedPolicy"
    assert error["Message"] == "Action does not apply to any resource(s) in statement"
    both = policy(
        bucket, Principal={"AWS": "111111111111"}, Action=action, Resource=[*named, f"arn:aws:s3:::{bucket}*"]
    )
    assert s3.put_bucket_policy(Bucket=bucket, Policy=both)


def test_an_acl_lets_everybody_read_one_object(shared: AwsServer, s3: Any, open_bucket: str) -> None:
    s3.put_object(Bucket=open_bucket, Key="public", Body=b"x", ACL="public-read")
    s3.put_object(Bucket=open_bucket, Key="private", Body=b"x")

    assert ask(shared.url, "GET", f"/{open_bucket}/public").status == 200
    assert ask(shared.url, "GET", f"/{open_bucket}/private").status == 403
    s3.put_object_acl(Bucket=open_bucket, Key="public", ACL="private")
    assert ask(shared.url, "GET", f"/{open_bucket}/public").status == 403


def test_a_buckets_acl_lets_everybody_list_and_write(shared: AwsServer, s3: Any, open_bucket: str) -> None:
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read-write")

    assert ask(shared.url, "PUT", f"/{open_bucket}/k", b"x").status == 200
    assert ask(shared.url, "GET", f"/{open_bucket}").status == 200
    assert ask(shared.url, "GET", f"/{open_bucket}/k").status == 403
    grants = s3.get_bucket_acl(Bucket=open_bucket)["Grants"]
    assert [grant["Permission"] for grant in grants] == ["FULL_CONTROL", "READ", "WRITE"]
    assert grants[1]["Grantee"] == {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"}


def test_acls_are_refused_where_the_owner_is_enforced(s3: Any, bucket: str) -> None:
    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"", ACL="public-read") == (
        "AccessControlListNotSupported",
        400,
    )
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"", ACL="bucket-owner-full-control")
    assert code(s3.put_bucket_acl, Bucket=bucket, ACL="public-read") == ("AccessControlListNotSupported", 400)
    (grant,) = s3.get_object_acl(Bucket=bucket, Key="k")["Grants"]
    assert grant["Permission"] == "FULL_CONTROL"
    assert "DisplayName" not in grant["Grantee"]


def test_public_acls_are_blocked_until_the_block_is_taken_away(s3: Any, bucket: str) -> None:
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]})

    assert code(s3.put_object, Bucket=bucket, Key="k", Body=b"", ACL="public-read") == ("AccessDenied", 403)


def test_acls_that_make_no_sense_are_refused(s3: Any, open_bucket: str) -> None:
    put = {"Bucket": open_bucket}
    owner = s3.get_bucket_acl(Bucket=open_bucket)["Owner"]
    group = {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/s3/FakeGroup"}

    assert code(s3.put_bucket_acl, **put) == ("MissingSecurityHeader", 400)
    assert code(s3.put_bucket_acl, **put, ACL="fake-acl") == ("InvalidArgument", 400)
    assert code(s3.put_bucket_acl, **put, ACL="private", GrantRead='id="x"') == ("InvalidRequest", 400)
    assert code(s3.put_bucket_acl, **put, GrantWrite='fakekey="1234"') == ("InvalidArgument", 400)
    assert code(s3.put_bucket_acl, **put, AccessControlPolicy={"Owner": owner}) == ("MalformedACLError", 400)
    error = refused(
        s3.put_bucket_acl,
        **put,
        AccessControlPolicy={"Owner": owner, "Grants": [{"Grantee": group, "Permission": "READ"}]},
    )
    assert (error["Code"], error["ArgumentName"], error["Message"]) == (
        "InvalidArgument",
        "Group/URI",
        "Invalid group uri",
    )


def test_enforcing_the_owner_needs_a_private_acl_first(s3: Any, open_bucket: str) -> None:
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read")
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}

    refusal = code(s3.put_bucket_ownership_controls, Bucket=open_bucket, OwnershipControls=enforced)

    assert refusal == ("InvalidBucketAclWithObjectOwnership", 400)
    s3.put_bucket_acl(Bucket=open_bucket, ACL="private")
    assert s3.put_bucket_ownership_controls(Bucket=open_bucket, OwnershipControls=enforced)
