"""Browsers: CORS, websites, forms and presigned URLs."""

import base64
import http.client
import json
import urllib.request
from collections.abc import Mapping
from typing import Any

import pytest
from tests.aws_server import AwsServer
from tests.s3_wire import Answer, ask, code, refused, send


@pytest.fixture
def signer(shared: AwsServer) -> Any:
    """A client that signs URLs and forms in today's way; boto3's default for S3 is still that of 2006."""
    return shared.client("s3", signature_version="s3v4")


ORIGIN = "https://app.example.org"
RULES = {
    "CORSRules": [
        {
            "AllowedOrigins": ["https://*.example.org"],
            "AllowedMethods": ["GET", "PUT"],
            "AllowedHeaders": ["x-amz-*", "Content-Type"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 600,
        },
        {"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]},
    ]
}


def preflight(aws: AwsServer, bucket: str, origin: str, method: str, headers: str = "") -> Answer:
    """A browser asks for leave."""
    asked = {"Origin": origin, "Access_Control_Request_Method": method, "Access_Control_Request_Headers": headers}
    return ask(aws.url, "OPTIONS", f"/{bucket}/k", b"", **asked)


def test_a_preflight_is_answered_by_the_rule_that_fits(shared: AwsServer, s3: Any, bucket: str) -> None:
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=RULES)

    answer = preflight(shared, bucket, ORIGIN, "PUT", "x-amz-meta-a, content-type")

    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["access-control-allow-methods"] == "GET, PUT"
    assert answer.headers["access-control-allow-headers"] == "x-amz-meta-a, content-type"
    assert answer.headers["access-control-max-age"] == "600"
    assert answer.headers["access-control-expose-headers"] == "ETag"


@pytest.mark.parametrize(
    ("origin", "method", "headers"),
    [(ORIGIN, "DELETE", ""), (ORIGIN, "PUT", "authorization"), ("https://evil.net", "PUT", "")],
)
def test_a_preflight_that_no_rule_fits_is_refused(
    shared: AwsServer, s3: Any, bucket: str, origin: str, method: str, headers: str
) -> None:
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=RULES)

    answer = preflight(shared, bucket, origin, method, headers)

    assert (answer.status, answer.element("Code")) == (403, "AccessForbidden")
    assert "access-control-allow-origin" not in answer.headers


def test_answers_tell_pages_what_they_may_read(shared: AwsServer, s3: Any, bucket: str) -> None:
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=RULES)
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")

    answer = send(shared.url, "GET", f"/{bucket}/k", Origin=ORIGIN)
    missing = send(shared.url, "GET", f"/{bucket}/none", Origin="https://anybody.net")

    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert (missing.status, missing.headers["access-control-allow-origin"]) == (404, "*")
    assert "access-control-allow-origin" not in send(shared.url, "GET", f"/{bucket}/k").headers


def test_cors_rules_are_checked_read_back_and_deleted(s3: Any, bucket: str) -> None:
    wrong = {"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["MYMETHOD"]}]}
    assert refused(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration=wrong)["Message"] == (
        "Found unsupported HTTP method in CORS config. Unsupported method is MYMETHOD"
    )
    wild = {"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"], "ExposeHeaders": ["x-*"]}]}
    assert "contains wildcard" in refused(s3.put_bucket_cors, Bucket=bucket, CORSConfiguration=wild)["Message"]
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=RULES)
    assert s3.get_bucket_cors(Bucket=bucket)["CORSRules"] == RULES["CORSRules"]
    s3.delete_bucket_cors(Bucket=bucket)
    assert code(s3.get_bucket_cors, Bucket=bucket) == ("NoSuchCORSConfiguration", 404)


# Websites


def site(s3: Any, bucket: str, **configuration: Any) -> str:
    """A public website; returns its host."""
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_bucket_website(Bucket=bucket, WebsiteConfiguration=configuration)
    return f"{bucket}.s3-website.us-east-1.localhost.localstack.cloud"


INDEX = {"IndexDocument": {"Suffix": "index.html"}}


def test_a_website_serves_pages_and_index_documents(shared: AwsServer, s3: Any, open_bucket: str) -> None:
    host = site(s3, open_bucket, **INDEX)
    for key in ("index.html", "docs/index.html", "page"):
        s3.put_object(Bucket=open_bucket, Key=key, Body=key.encode(), ContentType="text/html")

    pages = {path: ask(shared.url, "GET", path, Host=host) for path in ("/", "/docs/", "/page")}

    assert {path: page.text for path, page in pages.items()} == {
        "/": "index.html",
        "/docs/": "docs/index.html",
        "/page": "page",
    }
    assert pages["/"].headers["content-type"] == "text/html"
    assert ask(shared.url, "HEAD", "/", Host=host).body == b""
    folder = ask(shared.url, "GET", "/docs", Host=host)
    assert (folder.status, folder.headers["location"]) == (302, "/docs/")


def test_a_website_answers_errors_in_html(shared: AwsServer, s3: Any, open_bucket: str) -> None:
    host = site(s3, open_bucket, **INDEX, ErrorDocument={"Key": "error.html"})

    answer = ask(shared.url, "GET", "/none", Host=host)
    assert (answer.status, "An Error Occurred While Attempting" in answer.text) == (403, True)
    s3.put_object(Bucket=open_bucket, Key="error.html", Body=b"oops", ContentType="text/html")
    answer = ask(shared.url, "GET", "/none", Host=host)
    assert (answer.status, answer.text) == (403, "oops")
    answer = ask(shared.url, "DELETE", "/none", Host=host)
    assert (answer.status, "<li>Code: MethodNotAllowed</li>" in answer.text) == (405, True)
    other = "no-such-site.s3-website-us-east-1.localhost.localstack.cloud"
    assert "<li>Code: NoSuchBucket</li>" in ask(shared.url, "GET", "/", Host=other).text


def test_routing_rules_lead_elsewhere(shared: AwsServer, s3: Any, open_bucket: str) -> None:
    rules = [
        {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/"}},
        {
            "Condition": {"HttpErrorCodeReturnedEquals": "403"},
            "Redirect": {"HostName": "example.org", "Protocol": "https", "HttpRedirectCode": "307"},
        },
    ]
    host = site(s3, open_bucket, **INDEX, RoutingRules=rules)

    moved = ask(shared.url, "GET", "/old/a%20b", Host=host)
    failed = ask(shared.url, "GET", "/none", Host=host)

    assert (moved.status, moved.headers["location"]) == (301, f"http://{host}/new/a%20b")
    assert (failed.status, failed.headers["location"]) == (307, "https://example.org/none")
    assert s3.get_bucket_website(Bucket=open_bucket)["RoutingRules"] == rules


def test_a_website_can_be_a_signpost_as_can_one_object(shared: AwsServer, s3: Any, open_bucket: str) -> None:
    host = site(s3, open_bucket, **INDEX)
    s3.put_object(Bucket=open_bucket, Key="moved", Body=b"", WebsiteRedirectLocation="https://example.org/x")
    moved = ask(shared.url, "GET", "/moved", Host=host)
    assert (moved.status, moved.headers["location"]) == (301, "https://example.org/x")

    host = site(s3, open_bucket, RedirectAllRequestsTo={"HostName": "example.org", "Protocol": "https"})
    answer = ask(shared.url, "GET", "/a", Host=host)
    assert (answer.status, answer.headers["location"]) == (301, "https://example.org/a")


def test_website_configurations_that_contradict_themselves_are_refused(s3: Any, bucket: str) -> None:
    for wrong in (
        {},
        {"IndexDocument": {"Suffix": "/index.html"}},
        {**INDEX, "RedirectAllRequestsTo": {"HostName": "x"}},
        {**INDEX, "RoutingRules": [{"Redirect": {"Protocol": "ftp"}}]},
        {**INDEX, "RoutingRules": [{"Redirect": {"HostName": "x"}}] * 51},
    ):
        assert code(s3.put_bucket_website, Bucket=bucket, WebsiteConfiguration=wrong)[1] == 400


# Forms


def post(aws: AwsServer, target: Mapping[str, Any], content: bytes, **more: str) -> Answer:
    """A browser posts a form; the file comes last."""
    boundary = "----form"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in {**target["fields"], **more}.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="C:\\dir\\photo.jpg"\r\n'
    parts += [f"{head}Content-Type: image/jpeg\r\n\r\n".encode(), content, f"\r\n--{boundary}--\r\n".encode()]
    path = "/" + target["url"].rstrip("/").rpartition("/")[2]
    content_type = f"multipart/form-data; boundary={boundary}"
    return ask(aws.url, "POST", path, b"".join(parts), Content_Type=content_type)


@pytest.mark.parametrize("field", ["success_action_redirect", "redirect"])
def test_a_form_leads_on_to_one_place(shared: AwsServer, signer: Any, versioned: str, field: str) -> None:
    page = "https://app.example.org/done?from=form"
    target = signer.generate_presigned_post(versioned, "k", Fields={field: page}, Conditions=[{field: page}])
    boundary = "----form"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in {**target["fields"], "file": "content"}.items()
    ]
    content_type = f"multipart/form-data; boundary={boundary}"
    body = "".join([*parts, f"--{boundary}--\r\n"]).encode()
    connection = http.client.HTTPConnection(shared.url.removeprefix("http://"), timeout=30)
    connection.request("POST", f"/{versioned}", body, {"Content-Type": content_type})
    answer = connection.getresponse()
    connection.close()

    assert answer.status == 303
    (location,) = answer.headers.get_all("Location", [])
    assert location.startswith(f"{page}&bucket={versioned}&key=k&etag=")
    assert answer.headers["x-amz-version-id"]


def test_a_form_puts_an_object(shared: AwsServer, s3: Any, signer: Any, bucket: str) -> None:
    content = b"\r\n--almost" * 50_000
    target = signer.generate_presigned_post(
        bucket,
        "up/${filename}",
        Fields={"x-amz-meta-a": "b", "Content-Type": "image/png", "success_action_status": "201"},
        Conditions=[
            {"x-amz-meta-a": "b"},
            ["starts-with", "$Content-Type", "image/"],
            {"success_action_status": "201"},
        ],
    )

    answer = post(shared, target, content)

    assert (answer.status, answer.element("Key")) == (201, "up/photo.jpg")
    got = s3.get_object(Bucket=bucket, Key="up/photo.jpg")
    assert got["Body"].read() == content
    assert (got["Metadata"], got["ContentType"]) == ({"a": "b"}, "image/png")


def test_a_form_must_keep_to_its_policy(shared: AwsServer, s3: Any, signer: Any, bucket: str) -> None:
    target = signer.generate_presigned_post(
        bucket, "k", Fields={"acl": "private"}, Conditions=[{"acl": "private"}, ["content-length-range", 3, 10]]
    )

    assert post(shared, target, b"123").status == 204
    large, small = post(shared, target, b"x" * 11), post(shared, target, b"x")
    assert (large.status, large.element("Code"), large.element("MaxSizeAllowed")) == (400, "EntityTooLarge", "10")
    assert (small.status, small.element("Code")) == (400, "EntityTooSmall")
    changed = {**target, "fields": {**target["fields"], "acl": "public-read"}}
    failed = post(shared, changed, b"123")
    assert failed.element("Message") == (
        'Invalid according to Policy: Policy Condition failed: ["eq", "$acl", "private"]'
    )
    extra = post(shared, target, b"123", extra="field")
    assert extra.element("Message") == "Invalid according to Policy: Extra input fields: extra"


def test_a_form_expires(aws: AwsServer, wound: Any) -> None:
    """The policy is made by the client's clock, so this one is written out."""
    wound.create_bucket(Bucket="forms")
    document = {"expiration": "2026-01-01T01:00:00Z", "conditions": [{"bucket": "forms"}, {"key": "k"}]}
    conditions = [{"x-amz-algorithm": "AWS4-HMAC-SHA256"}, ["starts-with", "$x-amz-credential", ""]]
    document["conditions"] = [*conditions, {"x-amz-date": "20260101T000000Z"}, {"bucket": "forms"}, {"key": "k"}]
    fields = {
        "key": "k",
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": "000000000000/20260101/us-east-1/s3/aws4_request",
        "x-amz-date": "20260101T000000Z",
        "policy": base64.b64encode(json.dumps(document).encode()).decode(),
        "x-amz-signature": "00",
    }
    target = {"url": "http://x/forms", "fields": fields}

    assert post(aws, target, b"x").status == 204
    aws.advance(seconds=3600)
    assert post(aws, target, b"x").element("Message") == "Invalid according to Policy: Policy expired."


def test_forms_that_are_none_are_refused(shared: AwsServer, s3: Any, signer: Any, bucket: str) -> None:
    target = signer.generate_presigned_post(bucket, "k")
    for missing in ("x-amz-signature", "x-amz-date", "x-amz-credential"):
        fields = {name: value for name, value in target["fields"].items() if name != missing}
        answer = post(shared, {**target, "fields": fields}, b"x")
        assert (answer.status, answer.element("Code")) == (400, "InvalidArgument")
    keyless = {name: value for name, value in target["fields"].items() if name != "key"}
    assert post(shared, {**target, "fields": keyless}, b"x").element("ArgumentName") == "key"
    odd = signer.generate_presigned_post(bucket, "k", Conditions=[["content-length-range", "test", "10"]])
    assert post(shared, odd, b"x").element("Message") == (
        'Invalid according to Policy: Policy Condition failed: ["content-length-range", "test", "10"]'
    )
    plain = ask(shared.url, "POST", f"/{bucket}", b"x", Content_Type="text/plain")
    assert (plain.status, plain.element("Code")) == (412, "PreconditionFailed")
    broken = ask(shared.url, "POST", f"/{bucket}", b"--x\r\n", Content_Type="multipart/form-data; boundary=x")
    assert (broken.status, broken.element("Code")) == (400, "MalformedPOSTRequest")


def test_a_form_signed_in_the_old_way_keeps_to_its_policy_too(shared: AwsServer, s3: Any, bucket: str) -> None:
    """As boto3 makes them by default."""
    target = s3.generate_presigned_post(bucket, "k", Conditions=[["content-length-range", 1, 5]])

    assert post(shared, target, b"12345").status == 204
    assert post(shared, target, b"123456").status == 400
    fields = {name: value for name, value in target["fields"].items() if name != "AWSAccessKeyId"}
    assert post(shared, {**target, "fields": fields}, b"x").element("ArgumentName") == "AWSAccessKeyId"


def test_a_form_without_a_policy_is_nobodys(shared: AwsServer, s3: Any, signer: Any, open_bucket: str) -> None:
    target = {"url": f"http://x/{open_bucket}", "fields": {"key": "k"}}

    assert post(shared, target, b"x").status == 403
    s3.put_bucket_acl(Bucket=open_bucket, ACL="public-read-write")
    assert post(shared, target, b"x").status == 204


# Presigned URLs


def test_presigned_urls_put_and_get(shared: AwsServer, s3: Any, signer: Any, bucket: str) -> None:
    put = signer.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "a b", "ContentType": "text/x"})
    get = signer.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "a b", "ResponseContentType": "a/b"})

    request = urllib.request.Request(put, b"content", {"Content-Type": "text/x"}, method="PUT")
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    with urllib.request.urlopen(get) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"content", "a/b")
    assert s3.head_object(Bucket=bucket, Key="a b")["ContentType"] == "text/x"


def test_what_is_carried_by_the_url_counts_as_headers(shared: AwsServer, s3: Any, signer: Any, bucket: str) -> None:
    """The JavaScript SDK moves headers into the query; a server that takes signatures at their word takes these too."""
    url = signer.generate_presigned_url("put_object", {"Bucket": bucket, "Key": "k"})
    carried = "&x-amz-meta-a=b&x-amz-storage-class=STANDARD_IA&x-amz-tagging=x%3Dy"

    with urllib.request.urlopen(urllib.request.Request(url + carried, b"x", method="PUT")) as answer:
        assert answer.status == 200

    head = s3.head_object(Bucket=bucket, Key="k")
    assert (head["Metadata"], head["StorageClass"], head["TagCount"]) == ({"a": "b"}, "STANDARD_IA", 1)


def test_a_presigned_part_upload_works(shared: AwsServer, s3: Any, signer: Any, bucket: str) -> None:
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    url = signer.generate_presigned_url(
        "upload_part", {"Bucket": bucket, "Key": "k", "UploadId": upload, "PartNumber": 1}
    )

    with urllib.request.urlopen(urllib.request.Request(url, b"part", method="PUT")) as answer:
        etag = answer.headers["ETag"]

    parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
    s3.complete_multipart_upload(Bucket=bucket, Key="k", UploadId=upload, MultipartUpload=parts)
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"part"
