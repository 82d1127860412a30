"""The query protocol by hand: forms out, XML in, as SDKs of before 2023 do it."""

import http.client
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree as ET


@dataclass(frozen=True)
class Answer:
    """Status and document."""

    status: int
    document: ET.Element

    def texts(self, name: str) -> list[str]:
        """Of every element of that name."""
        return [element.text or "" for element in self.document.iter() if element.tag.rpartition("}")[2] == name]

    def text(self, name: str) -> str:
        """Of the only element of that name."""
        (found,) = self.texts(name)
        return found


@dataclass(frozen=True)
class Forms:
    """A client of one endpoint."""

    url: str

    def call(self, action: str, version: str = "2012-11-05", **parameters: str) -> Answer:
        """Post an action."""
        form = urlencode({"Action": action, "Version": version, **parameters})
        return self._ask("POST", "/", form, {"Content-Type": "application/x-www-form-urlencoded"})

    def get(self, path: str) -> Answer:
        """Read a page."""
        return self._ask("GET", path, None, {})

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, ET.fromstring(response.read()))  # noqa: S314 # our own server's
        finally:
            connection.close()
