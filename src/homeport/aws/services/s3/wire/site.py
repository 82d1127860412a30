"""Buckets as websites: pages, index and error documents, redirections, and errors in HTML."""

from collections.abc import Mapping
from email.utils import formatdate
from html import escape
from typing import Final, cast

from homeport.aws.api import s3 as api
from homeport.aws.call import Call
from homeport.aws.errors import AwsError
from homeport.aws.protocol.scalars import ValueMalformed, read_timestamp
from homeport.aws.services.s3.errors import AccessDenied, MethodNotAllowed, NoSuchWebsiteConfiguration, NotModified
from homeport.aws.services.s3.model import website
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.website import Redirection
from homeport.aws.services.s3.operations.access import may
from homeport.aws.services.s3.operations.get import get_object
from homeport.aws.services.s3.room import S3
from homeport.aws.stream import Download
from homeport.kernel.clock import Millis
from homeport.kernel.http.message import HeaderList, Request, Response
from homeport.kernel.streams import FileSlices

_PARTIAL: Final = 206
_HEADERS: Final = (
    ("ContentType", "Content-Type"),
    ("CacheControl", "Cache-Control"),
    ("ContentDisposition", "Content-Disposition"),
    ("ContentEncoding", "Content-Encoding"),
    ("ContentLanguage", "Content-Language"),
    ("ContentRange", "Content-Range"),
    ("ETag", "ETag"),
    ("VersionId", "x-amz-version-id"),
)
_REASONS: Final = {
    304: "Not Modified",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    412: "Precondition Failed",
    416: "Requested Range Not Satisfiable",
}


async def serve(s3: S3, call: Call, request: Request, bucket_name: str, key: str) -> Response:
    """Answer a visitor; who that is does not matter: a website's visitors are all strangers."""
    call = call._replace(anonymous=True, account="", access_key_id="", principal_arn="", operation="GetObject")
    try:
        bucket = await s3.bucket(bucket_name)
        site = bucket.configurations.get("website")
        if site is None:
            raise NoSuchWebsiteConfiguration(bucket_name)
        return await _Visit(s3, call, request, bucket, site).answer(key)
    except AwsError as error:
        return error_page(error, call.request_id)


class _Visit:
    """One request to a website."""

    def __init__(self, s3: S3, call: Call, request: Request, bucket: Bucket, site: api.WebsiteConfiguration) -> None:
        self._s3 = s3
        self._call = call
        self._request = request
        self._bucket = bucket
        self._site = site
        self._scheme = call.endpoint_url.partition(":")[0]
        self._host = request.headers.get("Host", "")

    async def answer(self, key: str) -> Response:
        """The page, a redirection, or an error."""
        if self._request.method not in {"GET", "HEAD"}:
            raise MethodNotAllowed(self._request.method, "OBJECT")
        away = website.redirect_all(self._site, key, self._scheme)
        if away is None:
            away = website.route(self._site, key, None, scheme=self._scheme, host=self._host)
        if away is not None:
            return _redirect(away)
        try:
            return await self._page(website.index_key(self._site, key))
        except NotModified:
            raise
        except AwsError as error:
            return await self._failed(key, error)

    async def _page(self, key: str, *, plain: bool = False) -> Response:
        asked: dict[str, object] = {"Bucket": self._bucket.name, "Key": key}
        if not plain:
            asked |= _conditions(self._request.headers)
        if not await may(self._s3, self._call, self._bucket, "s3:GetObject", asked, key):
            raise AccessDenied
        found = await get_object(self._s3, self._call, self._bucket, cast("api.GetObjectRequest", asked))
        location = found.get("WebsiteRedirectLocation")
        if location:
            _drop(found["Body"])
            return _redirect(Redirection(301, str(location)))
        headers: HeaderList = [("x-amz-request-id", self._call.request_id)]
        headers += [(header, str(found[member])) for member, header in _HEADERS if found.get(member)]
        headers.append(("Last-Modified", formatdate(cast("int", found["LastModified"]) / 1000, usegmt=True)))
        metadata = cast("Mapping[str, str]", found.get("Metadata") or {})
        headers += [(f"x-amz-meta-{name}", value) for name, value in metadata.items()]
        status = _PARTIAL if "ContentRange" in found else 200
        return Response(status, headers, cast("Download", found["Body"]))

    async def _failed(self, key: str, error: AwsError) -> Response:
        status = error.status
        if status in {403, 404} and key and not key.endswith("/") and await self._is_folder(key):
            return _redirect(Redirection(302, f"/{key}/"))
        away = website.route(self._site, key, status, scheme=self._scheme, host=self._host)
        if away is not None:
            return _redirect(away)
        document = self._site.get("ErrorDocument", {}).get("Key")
        if document is None:
            return error_page(error, self._call.request_id)
        try:
            page = await self._page(document, plain=True)
        except AwsError as second:
            return error_page(error, self._call.request_id, second, document)
        page.status = status
        return page

    async def _is_folder(self, key: str) -> bool:
        try:
            page = await self._page(website.index_key(self._site, f"{key}/"), plain=True)
        except AwsError:
            return False
        _drop(page.body)
        return True


def _drop(body: object) -> None:
    if isinstance(body, FileSlices):
        body.close()


def _conditions(headers: Mapping[str, str]) -> dict[str, object]:
    asked: dict[str, object] = {}
    for header in ("If-Match", "If-None-Match", "If-Range", "Range"):
        if header in headers:
            asked[header.replace("-", "")] = headers[header]
    for header, member in (("If-Modified-Since", "IfModifiedSince"), ("If-Unmodified-Since", "IfUnmodifiedSince")):
        moment = _moment(headers.get(header))
        if moment is not None:
            asked[member] = moment
    return asked


def _moment(text: str | None) -> Millis | None:
    try:
        return read_timestamp(text) if text is not None else None
    except ValueMalformed:
        return None


def _redirect(away: Redirection) -> Response:
    location = away.location.replace("\r", "%0D").replace("\n", "%0A")
    return Response(away.status, [("Location", location)])


def error_page(error: AwsError, request_id: str, second: AwsError | None = None, document: str = "") -> Response:
    """An error as a visitor's browser shows it."""
    title = f"{error.status} {_REASONS.get(error.status, 'Error')}"
    facts = [("Code", error.code), ("Message", error.message), *error.extra.items(), ("RequestId", request_id)]
    lines = [
        f"<html>\n<head><title>{title}</title></head>\n<body>\n<h1>{title}</h1>\n<ul>",
        *(f"<li>{name}: {escape(str(value))}</li>" for name, value in facts),
        "</ul>",
    ]
    if second is not None:
        lines += [
            "<h3>An Error Occurred While Attempting to Retrieve a Custom Error Document</h3>\n<ul>",
            f"<li>Code: {second.code}</li>\n<li>Message: {escape(second.message)}</li>",
            f"<li>Key: {escape(document)}</li>",
            "</ul>",
        ]
    lines.append("<hr/>\n</body>\n</html>\n")
    body = "\n".join(lines).encode() if error.status != 304 else b""  # noqa: PLR2004 # Not Modified has no body
    headers = [("x-amz-request-id", request_id), ("Content-Type", "text/html; charset=utf-8")]
    return Response(error.status, [*headers, *error.headers.items()], body)
