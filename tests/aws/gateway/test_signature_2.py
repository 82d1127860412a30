"""S3's URLs and forms signed with version 2, as boto3 makes them by default, where the setting accepts them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import HmacV1QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from tests.aws.gateway.conftest import Answer, Raw
from tests.aws_server import AwsServer

from homeport.aws.auth.keys import AccessKey
from homeport.kernel.clock import Millis, SystemClock

ACCOUNT = "111111111111"
SECRET = "a secret of forty characters, or about so"
CLOCK = SystemClock()


def key(key_id: str, *, token: str = "", expires: Millis | None = None) -> AccessKey:
    arn = f"arn:aws:iam::{ACCOUNT}:root"
    return AccessKey(key_id, SECRET, ACCOUNT, arn, ACCOUNT, CLOCK.now(), token=token, expires=expires)


LASTING = key("AKIATESTTESTTESTTEST")
SESSION = key("ASIATESTTESTTESTTEST", token="a+token/of=it", expires=Millis(CLOCK.now() + 3_600_000))
OVER = key("ASIAOVEROVEROVEROVER", token="over", expires=Millis(CLOCK.now() - 1000))


def start(path: Path, **settings: str) -> AwsServer:
    """A server with keys and a bucket of theirs."""
    named = {f"aws.{name}": value for name, value in settings.items()}
    server = AwsServer(path / "data", clock=CLOCK, settings={"aws.presigned_v2": "accept", **named}).start()
    for each in (LASTING, SESSION, OVER):
        server.run(server.half.db.write(lambda tx, each=each: server.half.keys.put(tx, each)))  # type: ignore[misc]
    client(server).create_bucket(Bucket="bucket")
    return server


@pytest.fixture(params=["open", "signed"])
def accepting(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[AwsServer]:
    server = start(tmp_path, auth=request.param)
    yield server
    server.stop()


@pytest.fixture
def signed(tmp_path: Path) -> Iterator[AwsServer]:
    server = start(tmp_path, auth="signed")
    yield server
    server.stop()


@pytest.fixture
def refusing(tmp_path: Path) -> Iterator[AwsServer]:
    server = start(tmp_path, auth="signed", presigned_v2="refuse")
    yield server
    server.stop()


def client(server: AwsServer, who: AccessKey = LASTING, **config: Any) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id=who.id,
        aws_secret_access_key=who.secret,
        aws_session_token=who.token or None,
        config=Config(retries={"max_attempts": 0}, **config),
    )


def presign(server: AwsServer, operation: str, who: AccessKey = LASTING, *, seconds: int = 60, **asked: Any) -> str:
    """A URL's path and query, as boto3 signs it if nobody tells it how."""
    return url_of(operation, server, who, seconds=seconds, Bucket="bucket", **asked)


def url_of(operation: str, server: AwsServer, who: AccessKey, *, seconds: int = 60, **asked: Any) -> str:
    url: str = client(server, who).generate_presigned_url(operation, asked, ExpiresIn=seconds)
    assert "AWSAccessKeyId=" in url, "boto3 no longer signs with version 2 by default"
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


def send(server: AwsServer, target: str, method: str = "GET", body: bytes = b"", **headers: str) -> Answer:
    return Raw(server)(method, target, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})


def code(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.text.partition("<Code>")[2].partition("<")[0]


@pytest.mark.parametrize("name", ["plain", "a b+c/ü~日", "..//dots/../", "per%cent%20", "semi;colon&and=eq", "*'()!"])
def test_urls_put_head_get_and_delete(accepting: AwsServer, name: str) -> None:
    assert send(accepting, presign(accepting, "put_object", Key=name), "PUT", b"content").status == 200

    assert send(accepting, presign(accepting, "get_object", Key=name)).body == b"content"
    head = send(accepting, presign(accepting, "head_object", Key=name), "HEAD")
    assert (head.status, head.headers["content-length"]) == (200, "7")
    assert client(accepting).head_object(Bucket="bucket", Key=name)["ContentLength"] == 7
    assert send(accepting, presign(accepting, "delete_object", Key=name), "DELETE").status == 204


def test_the_answer_s_headers_are_those_that_the_url_was_signed_with(accepting: AwsServer) -> None:
    client(accepting).put_object(Bucket="bucket", Key="k", Body=b"x")
    wanted = 'attachment; filename="a+b, c.txt"'

    answer = send(accepting, presign(accepting, "get_object", Key="k", ResponseContentDisposition=wanted))

    assert (answer.status, answer.headers["content-disposition"]) == (200, wanted)


def test_what_boto3_moves_into_the_url_counts_as_headers(accepting: AwsServer) -> None:
    asked: dict[str, Any] = {"ContentType": "text/x", "Metadata": {"a": "b c"}, "StorageClass": "STANDARD_IA"}

    assert send(accepting, presign(accepting, "put_object", Key="k", **asked), "PUT", b"x").status == 200

    head = client(accepting).head_object(Bucket="bucket", Key="k")
    assert (head["ContentType"], head["Metadata"], head["StorageClass"]) == ("text/x", {"a": "b c"}, "STANDARD_IA")


def test_a_header_that_is_sent_too_has_to_be_the_same(signed: AwsServer) -> None:
    target = presign(signed, "put_object", Key="k", ContentType="text/x", Metadata={"a": "b"})

    assert send(signed, target, "PUT", b"x", Content_Type="text/x", x_amz_meta_a="b").status == 200
    assert code(send(signed, target, "PUT", b"x", Content_Type="text/y"))[1] == "SignatureDoesNotMatch"
    assert code(send(signed, target, "PUT", b"x", x_amz_meta_a="c"))[1] == "SignatureDoesNotMatch"
    assert code(send(signed, target, "PUT", b"x", x_amz_copy_source="bucket/k"))[1] == "SignatureDoesNotMatch"


def test_parts_versions_and_listings_work(accepting: AwsServer) -> None:
    s3 = client(accepting)
    s3.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    upload = s3.create_multipart_upload(Bucket="bucket", Key="k")["UploadId"]

    part = send(accepting, presign(accepting, "upload_part", Key="k", UploadId=upload, PartNumber=1), "PUT", b"part")
    parts = {"Parts": [{"PartNumber": 1, "ETag": part.headers["etag"]}]}
    version = s3.complete_multipart_upload(Bucket="bucket", Key="k", UploadId=upload, MultipartUpload=parts)

    assert send(accepting, presign(accepting, "get_object", Key="k", VersionId=version["VersionId"])).body == b"part"
    assert b"<Key>k</Key>" in send(accepting, presign(accepting, "list_objects_v2", Prefix="k", MaxKeys=3)).body
    assert b"<VersionId>" in send(accepting, presign(accepting, "list_object_versions")).body


def test_a_host_s_bucket_is_part_of_what_is_signed(signed: AwsServer) -> None:
    client(signed).put_object(Bucket="bucket", Key="a b", Body=b"x")
    port = signed.url.rpartition(":")[2]
    made = boto3.client(
        "s3",
        endpoint_url=f"http://s3.localhost.localstack.cloud:{port}",
        region_name="us-east-1",
        aws_access_key_id=LASTING.id,
        aws_secret_access_key=SECRET,
        config=Config(s3={"addressing_style": "virtual"}),
    )
    for operation, asked in (("get_object", {"Key": "a b"}), ("list_objects", {})):
        url = urlsplit(made.generate_presigned_url(operation, {"Bucket": "bucket", **asked}))
        assert url.netloc.startswith("bucket.s3.")
        target = f"{url.path or '/'}?{url.query}"
        assert send(signed, target, Host=url.netloc).status == 200, operation
        other = url.netloc.replace("bucket.", "other.")
        assert code(send(signed, target, Host=other)) == (403, "SignatureDoesNotMatch")


def test_a_url_is_good_for_nothing_else(signed: AwsServer) -> None:
    client(signed).put_object(Bucket="bucket", Key="k", Body=b"x")
    target = presign(signed, "get_object", Key="k", ResponseContentType="a/b")
    expires = target.rpartition("Expires=")[2]

    for changed, method in (
        (target, "HEAD"),
        (target, "DELETE"),
        (target.replace("/k?", "/l?"), "GET"),
        (target.replace("/bucket/", "/other/"), "GET"),
        (target.replace(f"Expires={expires}", f"Expires={int(expires) + 1}"), "GET"),
        (target.replace("a%2Fb", "a%2Fc"), "GET"),
        (f"{target}&acl", "GET"),
        (f"{target}&x-amz-acl=public-read", "GET"),
        (target.replace("Signature=", "Signature=A"), "GET"),
    ):
        answer = send(signed, changed, method)
        assert answer.status == 403, (changed, method)
        assert method == "HEAD" or code(answer)[1] == "SignatureDoesNotMatch", (changed, method)


@pytest.mark.parametrize("more", ["retention", "legal-hold=", "attributes", "encryption=x", "annotation"])
def test_an_operation_that_version_2_does_not_sign_cannot_be_added_to_a_url(signed: AwsServer, more: str) -> None:
    answer = send(signed, presign(signed, "put_object", Key="k") + f"&{more}", "PUT", b"x")

    assert code(answer) == (400, "InvalidRequest")
    assert "signature_version='s3v4'" in answer.text


def test_a_mismatch_says_what_was_signed(signed: AwsServer) -> None:
    answer = send(signed, presign(signed, "get_object", Key="k"), "DELETE")

    assert "<StringToSign>DELETE\n\n\n" in answer.text
    assert answer.text.partition("<StringToSign>")[2].partition("</")[0].endswith("\n/bucket/k")
    assert f"<AWSAccessKeyId>{LASTING.id}</AWSAccessKeyId>" in answer.text


def test_an_expired_url_is_refused(accepting: AwsServer) -> None:
    answer = send(accepting, presign(accepting, "get_object", Key="k", seconds=-1))

    assert code(answer) == (403, "AccessDenied")
    assert "<Message>Request has expired</Message>" in answer.text
    assert "<Expires>" in answer.text
    assert "<ServerTime>" in answer.text
    assert "X-Amz-Expires" not in answer.text


@pytest.mark.parametrize("name", ["Signature", "Expires"])
def test_all_three_parameters_are_needed(accepting: AwsServer, name: str) -> None:
    path, _, query = presign(accepting, "get_object", Key="k").partition("?")
    left = "&".join(part for part in query.split("&") if not part.startswith(f"{name}="))

    answer = send(accepting, f"{path}?{left}")

    assert code(answer) == (403, "AccessDenied")
    assert "requires the Signature, Expires and AWSAccessKeyId parameters" in answer.text


@pytest.mark.parametrize("text", ["soon", "-1", "1e12", "%D9%A1", "999999999999"])
def test_an_end_that_is_no_time_is_refused(accepting: AwsServer, text: str) -> None:
    target = presign(accepting, "get_object", Key="k").rpartition("Expires=")[0] + f"Expires={text}"

    assert code(send(accepting, target)) == (403, "AccessDenied")


def test_the_account_is_the_key_s(accepting: AwsServer) -> None:
    buckets = send(accepting, url_of("list_buckets", accepting, LASTING))

    assert b"<Name>bucket</Name>" in buckets.body
    if accepting.settings["aws.auth"] == "open":
        digits = AccessKey("222222222222", SECRET, "", "", "", CLOCK.now())
        assert b"<Buckets></Buckets>" in send(accepting, url_of("list_buckets", accepting, digits)).body


def test_a_session_s_url_carries_its_token(signed: AwsServer) -> None:
    client(signed).put_object(Bucket="bucket", Key="k", Body=b"x")
    target = presign(signed, "get_object", SESSION, Key="k")
    without = target.replace("&x-amz-security-token=a%2Btoken%2Fof%3Dit", "")

    assert send(signed, target).body == b"x"
    assert without != target
    assert code(send(signed, without)) == (400, "InvalidToken")
    assert code(send(signed, presign(signed, "get_object", OVER, Key="k"))) == (400, "ExpiredToken")
    stranger = key("AKIANOBODYSKEYHEREXX")
    assert code(send(signed, presign(signed, "get_object", stranger, Key="k"))) == (403, "InvalidAccessKeyId")


def test_it_is_s3_s_alone(accepting: AwsServer) -> None:
    query = "AWSAccessKeyId=a&Signature=b&Expires=9999999999"
    old = f"{query}&Action=ListQueues&SignatureVersion=2"
    request = AWSRequest("GET", f"{accepting.url}/_localstack/diagnose")
    HmacV1QueryAuth(Credentials(LASTING.id, SECRET)).add_auth(request)
    parts = urlsplit(request.prepare().url)

    assert code(send(accepting, f"/?{old}")) == (400, "InvalidRequest")
    target = {"X_Amz_Target": "TrentService.ListKeys"}
    assert send(accepting, f"/?{query}", "POST", b"{}", **target).status == 400
    assert code(send(accepting, f"{parts.path}?{parts.query}")) == (400, "InvalidRequest")
    header = send(accepting, "/bucket", Authorization=f"AWS {LASTING.id}:c2ln")
    assert code(header) == (400, "InvalidRequest")


def test_two_signatures_are_one_too_many(accepting: AwsServer) -> None:
    """As when a page sends its own bearer token along with the URL that it was given."""
    answer = send(accepting, presign(accepting, "get_object", Key="k"), Authorization="Bearer mine")

    assert code(answer) == (400, "InvalidArgument")
    assert "Only one auth mechanism allowed" in answer.text


def test_without_the_setting_the_refusal_names_it(refusing: AwsServer) -> None:
    answer = send(refusing, presign(refusing, "get_object", Key="k"))

    assert code(answer) == (400, "InvalidRequest")
    assert "signature_version='s3v4'" in answer.text
    assert "aws.presigned_v2" in answer.text


# Forms


def post(server: AwsServer, fields: Mapping[str, str], **more: str) -> Answer:
    parts = [f'--b\r\nContent-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n' for k, v in {**fields, **more}.items()]
    body = "".join([*parts, '--b\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nx\r\n--b--\r\n'])
    return send(server, "/bucket", "POST", body.encode(), Content_Type="multipart/form-data; boundary=b")


def form(server: AwsServer, who: AccessKey = LASTING, **config: Any) -> dict[str, str]:
    fields: dict[str, str] = client(server, who, **config).generate_presigned_post("bucket", "k")["fields"]
    return fields


def test_a_form_s_old_signature_is_verified(accepting: AwsServer) -> None:
    fields = form(accepting)
    assert "AWSAccessKeyId" in fields

    assert post(accepting, fields).status == 204
    changed = post(accepting, fields, signature="AAAA")
    if accepting.settings["aws.auth"] == "signed":
        assert code(changed) == (403, "SignatureDoesNotMatch")
        assert f"<StringToSign>{fields['policy']}</StringToSign>" in changed.text
        assert code(post(accepting, form(accepting, key("AKIANOBODYSKEYHEREXX"))))[1] == "InvalidAccessKeyId"


def test_a_form_s_old_signature_is_refused_by_name_without_the_setting(refusing: AwsServer) -> None:
    answer = post(refusing, form(refusing))

    assert code(answer) == (400, "InvalidRequest")
    assert "aws.presigned_v2" in answer.text


@pytest.mark.parametrize("version", ["s3v4", "s3"])
def test_a_session_s_form_needs_its_token(signed: AwsServer, version: str) -> None:
    fields = form(signed, SESSION, signature_version=version)
    without = {name: value for name, value in fields.items() if name != "x-amz-security-token"}

    assert post(signed, fields).status == 204
    assert code(post(signed, without)) == (400, "InvalidToken")
    assert code(post(signed, {**fields, "x-amz-security-token": "ü"})) == (400, "InvalidToken")
    assert code(post(signed, form(signed, OVER, signature_version=version))) == (400, "ExpiredToken")


def test_a_session_s_header_and_url_say_that_it_has_run_out(signed: AwsServer) -> None:
    over = client(signed, OVER)
    with pytest.raises(over.exceptions.ClientError, match="ExpiredToken"):
        over.list_buckets()
    sts = boto3.client(
        "sts",
        endpoint_url=signed.url,
        region_name="us-east-1",
        aws_access_key_id=OVER.id,
        aws_secret_access_key=SECRET,
        aws_session_token=OVER.token,
    )
    with pytest.raises(sts.exceptions.ClientError, match="ExpiredToken"):
        sts.get_caller_identity()


def test_a_form_s_policy_speaks_of_the_bucket_that_gets_the_object(signed: AwsServer) -> None:
    """Its field `bucket` must not open another one of the signer's."""
    client(signed).create_bucket(Bucket="other")
    fields = client(signed, signature_version="s3v4").generate_presigned_post("other", "k")["fields"]

    answer = post(signed, fields, bucket="other")

    assert code(answer) == (403, "AccessDenied")
    assert "Policy Condition failed" in answer.text
