"""What S3 does around its operations: preflights, CORS headers, forms, websites, S3 Control."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

from homeport.aws.call import Call
from homeport.aws.protocol.hosts import read_host
from homeport.aws.protocol.rest_xml import RestXmlCodec
from homeport.aws.services.s3.errors import CorsForbidden, NoSuchBucket
from homeport.aws.services.s3.model import cors
from homeport.aws.services.s3.model.bucket import Bucket
from homeport.aws.services.s3.model.checksums import HEADERS
from homeport.aws.services.s3.operations.contents import check_document
from homeport.aws.services.s3.room import S3
from homeport.aws.services.s3.wire import control, form, site
from homeport.kernel.http.message import Request, Response

_NO_FORM = frozenset({"", "WriteGetObjectResponse"})
"""Where a post is no form; the latter is an operation of Object Lambda's, and no bucket can have such a name."""

_NOT_ALLOWED = (
    "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
    "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."
)


@dataclass(frozen=True, slots=True)
class S3Front:
    """S3's front."""

    s3: S3

    async def before(self, call: Call, request: Request, bucket: str, key: str) -> Response | None:
        """Answer a website's visitor, a form, or what is S3 Control's."""
        host = read_host(request.headers.get("Host", ""))
        if host.website:
            return await site.serve(self.s3, call, request, unquote(bucket), unquote(key))
        if control.asks_control(request):
            return await control.answer(self.s3, call, request)
        if request.method == "POST" and bucket not in _NO_FORM and not key and not request.raw_query:
            found = await self.s3.bucket(unquote(bucket))
            return await form.post_object(self.s3, call, found, request)
        return None

    async def after(self, call: Call, request: Request, bucket: str, response: Response) -> None:
        """Tell a page what it may read, by the bucket's rules."""
        del call
        origin = request.headers.get("Origin")
        if origin is None:
            return
        found = await self._bucket(bucket)
        rules = found.configurations.get("cors") if found is not None else None
        if rules is None:
            return
        rule = cors.find_rule(rules, origin, request.method)
        if rule is not None:
            response.headers += cors.answer_headers(rule, origin)

    def check(self, operation: str, headers: Mapping[str, str], content: bytes) -> None:
        """Compare a document, as DeleteObjects', with the digests that came with it.

        Raises:
            BadDigest, InvalidDigest, InvalidRequest: it is another one, or a digest is none.
        """
        told: dict[str, object] = {}
        for name, value in headers.items():
            lower = name.lower()
            if lower == "content-md5":
                told["ContentMD5"] = value
            elif lower in HEADERS and operation != "CompleteMultipartUpload":  # there it is the object's
                told[f"Checksum{HEADERS[lower]}"] = value
        if told:
            check_document(content, told)

    async def preflight(self, request: Request, bucket: str, key: str) -> Response | None:
        """Answer a browser that asks for leave; None for a bucket without rules."""
        found = await self._bucket(bucket)
        rules = found.configurations.get("cors") if found is not None else None
        if rules is None:
            return None
        origin = request.headers.get("Origin", "")
        method = request.headers.get("Access-Control-Request-Method", "")
        asked = [
            name.strip()
            for name in request.headers.get("Access-Control-Request-Headers", "").split(",")
            if name.strip()
        ]
        rule = cors.find_rule(rules, origin, method, asked)
        if rule is None:
            error = CorsForbidden(_NOT_ALLOWED, method, "OBJECT" if key else "BUCKET")
            return _ERRORS.error(error, request.id, request.raw_path)
        return Response(200, cors.answer_headers(rule, origin, asked))

    async def allows(self, bucket: str, origin: str, method: str) -> bool:
        """Whether the bucket's rules let pages of this origin use this method."""
        found = await self._bucket(bucket)
        rules = found.configurations.get("cors") if found is not None else None
        return rules is not None and cors.find_rule(rules, origin, method) is not None

    async def _bucket(self, name: str) -> Bucket | None:
        try:
            return await self.s3.bucket(unquote(name)) if name else None
        except NoSuchBucket:
            return None


def _error_writer() -> RestXmlCodec:
    from homeport.aws.protocol.model import UNIT, WireModel

    return RestXmlCodec(WireModel("s3", {"protocol": "rest-xml"}, {}, {"Unit": UNIT}, {}))


_ERRORS = _error_writer()
