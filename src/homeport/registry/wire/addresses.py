"""Locations: how the registry writes the address of one of its own resources."""

from urllib.parse import quote

from homeport.kernel.http.message import Request


class Addresses:
    """Writes Location headers.

    A path alone is the default: whatever stands between us and the client, it cannot be wrong, and clients that
    compare scheme and host before they send their credentials again find nothing to mistrust.

    Args:
        public_url: what clients reach the registry by, `https://host[:port][/prefix]`; empty if nobody said.
        relative: whether to write paths alone where there is no public URL.
    """

    def __init__(self, *, public_url: str, relative: bool) -> None:
        self._public_url = public_url.rstrip("/")
        self._relative = relative

    def of(self, request: Request, path: str) -> str:
        """The address of a path of the API, such as `/v2/a/blobs/uploads/...`."""
        return self.base(request) + path

    def base(self, request: Request) -> str:
        """What goes before such a path."""
        if self._public_url:
            return self._public_url
        if self._relative or not request.origin.host:
            return ""
        return f"{request.origin.scheme}://{request.origin.host}"

    def absolute(self, request: Request) -> str:
        """The registry's own scheme and host, also where paths alone are written; empty if the client named no host."""
        if self._public_url:
            return self._public_url
        return f"{request.origin.scheme}://{request.origin.host}" if request.origin.host else ""


def quoted(text: str) -> str:
    """Text as one segment of a path or one value of a query."""
    return quote(text, safe=":")
