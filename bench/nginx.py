"""nginx as the measure of how fast bytes can leave a disk: a server of plain files, where it is installed."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.aws_endpoint import Endpoint
from bench.beside import process_at

_SETTINGS = """
daemon off;
pid {place}/pid;
error_log {place}/error.log;
{user}
events {{ worker_connections 256; }}
http {{
    access_log off;
    sendfile on;
    client_body_temp_path {place}/body;
    proxy_temp_path {place}/proxy;
    fastcgi_temp_path {place}/fastcgi;
    uwsgi_temp_path {place}/uwsgi;
    scgi_temp_path {place}/scgi;
    server {{ listen 127.0.0.1:{port}; root {place}/files; }}
}}
"""


def program() -> str | None:
    """Where nginx is: Debian keeps it where only root looks."""
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")


@contextmanager
def serving(nginx: str, write_files: Callable[[Path], None]) -> Iterator[Endpoint]:
    """One worker that serves the files which the caller writes into a directory."""

    def command(port: int, place: Path) -> list[str]:
        (place / "files").mkdir()
        write_files(place / "files")
        # A worker of root's nginx would else be nobody, and not see our directory.
        user = "user root;" if os.getuid() == 0 else ""
        (place / "nginx.conf").write_text(_SETTINGS.format(place=place, port=port, user=user))
        return [nginx, "-e", f"{place}/error.log", "-c", f"{place}/nginx.conf"]

    with process_at(command) as endpoint:
        yield endpoint
