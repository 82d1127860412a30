"""The page that a browser finds at the registry's root: what runs where, and the certificate authority to trust."""

import hashlib
import ssl
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

from homeport import VERSION
from homeport.kernel.http.message import Request, Response

CA_PATH = "/homeport-ca.crt"
_PEM_BYTES = 1 << 20

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:46rem;margin:3rem auto;padding:0 1rem;color:#1c2733}"
    "pre{background:#f2f5f8;padding:.8rem 1rem;overflow-x:auto;border-radius:6px}code{font-size:.95em}"
    "table{border-spacing:0}th{text-align:left;padding:0 1.5rem 0 0;vertical-align:top;white-space:nowrap}"
    "td code,p code{overflow-wrap:anywhere}"
    ":root{color-scheme:light dark}"
    "@media(prefers-color-scheme:dark){body{background:#14191f;color:#d7dee6}pre{background:#1e262f}a{color:#7db7ff}}"
)


class StartPage:
    """The page of one registry.

    Args:
        registry_url: what clients reach the registry by; empty takes the address of the request.
        aws_url: likewise of the AWS endpoint; without a host (`http://:4566`) it gets that of the request, and it is
            empty where there is none to tell of.
        authority: certificate (PEM) that clients are to trust; may be missing, and is read at each look.
    """

    def __init__(self, *, registry_url: str, aws_url: str, authority: Path) -> None:
        self._registry_url = registry_url
        self._aws_url = aws_url
        self._authority = authority

    def answer(self, request: Request) -> Response | None:
        """The page, or the certificate; None for whoever wants neither."""
        if request.method not in {"GET", "HEAD"}:
            return None
        if request.raw_path == CA_PATH:
            return self._certificate()
        if request.raw_path in {"/", ""} and "text/html" in request.headers.get("Accept", ""):
            return Response(
                200,
                [
                    ("Cache-Control", "no-cache"),
                    ("Content-Type", "text/html; charset=utf-8"),
                    ("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'"),
                    ("X-Content-Type-Options", "nosniff"),
                    ("Vary", "Accept"),
                ],
                self._html(request).encode(),
            )
        return None

    def _certificate(self) -> Response | None:
        pem = self._pem()
        if not pem:
            return None
        return Response(200, [("Content-Type", "application/x-x509-ca-cert"), ("Cache-Control", "no-cache")], pem)

    def _pem(self) -> bytes:
        try:
            with self._authority.open("rb") as file:
                content = file.read(_PEM_BYTES)
        except OSError:
            return b""
        # A key that somebody put into the same file is nobody's business.
        return content if b"-----BEGIN CERTIFICATE-----" in content and b"PRIVATE KEY" not in content else b""

    def _html(self, request: Request) -> str:
        origin = request.origin
        registry = self._registry_url or f"{origin.scheme}://{origin.host or 'localhost'}"
        host = urlsplit(registry).netloc
        aws_url = _with_host(self._aws_url, origin.host)
        rows = [("Registry", registry), *([("AWS endpoint", aws_url)] if aws_url else [])]
        table = "".join(f"<tr><th>{name}</th><td><code>{escape(url)}</code></td></tr>" for name, url in rows)
        aws = f"<pre>aws --endpoint-url {escape(aws_url)} s3 ls</pre>" if aws_url else ""
        return (
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Homeport</title><style>{_STYLE}</style>'
            f'<meta name="viewport" content="width=device-width"><h1>Homeport {escape(VERSION)}</h1>'
            f"<table>{table}</table>"
            f"<pre>docker login {escape(host)}\ndocker tag IMAGE {escape(host)}/IMAGE\n"
            f"docker push {escape(host)}/IMAGE</pre>{aws}{self._authority_html()}</html>\n"
        )

    def _authority_html(self) -> str:
        pem = self._pem()
        if not pem:
            return ""
        try:
            der = ssl.PEM_cert_to_DER_cert(pem.decode("ascii").strip())
        except ValueError:
            return ""
        digest = hashlib.sha256(der).hexdigest().upper()
        pairs = ":".join(digest[at : at + 2] for at in range(0, len(digest), 2))
        return (
            f'<p>Clients are to trust <a href="{CA_PATH}">this certificate authority</a>, SHA-256<br>'
            f"<code>{pairs}</code></p>"
        )


def _with_host(url: str, asked: str) -> str:
    """The URL, with the host by which the server was asked where it has none of its own."""
    scheme, _, rest = url.partition("://")
    if not rest.startswith(":"):
        return url
    return f"{scheme}://{_without_port(asked) or 'localhost'}{rest}"


def _without_port(host: str) -> str:
    name, colon, port = host.rpartition(":")
    return name if colon and port.isdecimal() else host
