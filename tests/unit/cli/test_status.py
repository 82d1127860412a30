"""`homeport status`, against data directories with and without a server."""

import errno
import json
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import CliRunner

from homeport.cli.main import homeport
from homeport.kernel.clock import Millis
from homeport.kernel.runfile import RunFile
from homeport.kernel.storage.layout import DataDirectory


def status(data_dir: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = [sys.executable, "-m", "homeport", "status", "--data-dir", str(data_dir), *arguments]
    return subprocess.run(program, capture_output=True, text=True, check=False, timeout=60)


@contextmanager
def health_of(code: int, body: bytes = b"{}") -> Iterator[str]:
    """A server that answers every health check with this; yields its URL."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(code if self.path == "/_homeport/health" else 404)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the standard library's name
            pass

    with HTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def leave_note(data_dir: Path, *urls: str, pid: int) -> None:
    addresses = tuple(("registry", url) for url in urls)
    RunFile(pid, "1.2.3", Millis(1_767_225_600_000), addresses).save(DataDirectory(data_dir).run)


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def unused_url() -> str:
    with socket.socket() as taken_and_freed:
        taken_and_freed.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken_and_freed.getsockname()[1]}"


def test_no_server_is_an_error(tmp_path: Path) -> None:
    told = status(tmp_path)

    assert told.returncode == 1
    assert told.stderr == (
        f"error [not-running]: no Homeport runs on {tmp_path}\n hint: start one with `homeport up`\n"
    )


def test_a_running_server_is_asked_and_shown(tmp_path: Path) -> None:
    with health_of(200) as url:
        leave_note(tmp_path, url, pid=4711)

        told = status(tmp_path)

    assert told.returncode == 0
    assert told.stdout == f"Homeport 1.2.3 is running (process 4711, data in {tmp_path})\n  registry  {url}\n"


def test_json_says_everything_to_programs(tmp_path: Path) -> None:
    with health_of(200) as url:
        leave_note(tmp_path, url, pid=4711)

        told = json.loads(status(tmp_path, "--json").stdout)

    assert told == {
        "healthy": True,
        "told": {},
        "version": "1.2.3",
        "pid": 4711,
        "started": "2026-01-01T00:00:00.000+00:00",
        "data_dir": str(tmp_path),
        "addresses": [{"name": "registry", "url": url}],
    }


def test_an_unhealthy_server_is_exit_status_1(tmp_path: Path) -> None:
    with health_of(503) as url:
        leave_note(tmp_path, url, pid=4711)

        told = status(tmp_path)

    assert told.returncode == 1
    assert "not healthy" in told.stdout


def test_what_an_operator_should_look_at_is_shown(tmp_path: Path) -> None:
    with health_of(200, b'{"aws_deliveries": "set aside: 2"}') as url:
        leave_note(tmp_path, url, pid=4711)

        told = status(tmp_path)

    assert told.returncode == 0
    assert told.stdout.endswith(f"  registry  {url}\n  aws_deliveries: set aside: 2\n")


def test_an_unhealthy_server_says_what_is_wrong(tmp_path: Path) -> None:
    with health_of(503, b'{"aws_database": "disk full"}') as url:
        leave_note(tmp_path, url, pid=4711)

        told = status(tmp_path)

    assert told.returncode == 1
    assert "not healthy (process 4711" in told.stdout
    assert "  aws_database: disk full\n" in told.stdout


def test_the_second_address_is_asked_when_the_first_is_silent(tmp_path: Path) -> None:
    with health_of(200) as url:
        leave_note(tmp_path, unused_url(), url, pid=4711)

        assert status(tmp_path).returncode == 0


def test_the_note_of_a_killed_server_is_recognised(tmp_path: Path) -> None:
    leave_note(tmp_path, unused_url(), pid=ended_process())

    told = status(tmp_path)

    assert told.returncode == 1
    assert "error [not-running]" in told.stderr
    assert "ended without saying so" in told.stderr


def test_a_process_that_does_not_answer_is_an_error_of_its_own(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        leave_note(tmp_path, unused_url(), pid=process.pid)

        told = status(tmp_path)
        process.communicate(b"\n")

    assert told.returncode == 1
    assert f"error [no-answer]: Homeport (process {process.pid}) answers on none of its addresses" in told.stderr


def test_a_torn_note_is_an_error(tmp_path: Path) -> None:
    DataDirectory(tmp_path).run.parent.mkdir()
    DataDirectory(tmp_path).run.write_bytes(b'{"pid": 4711')

    told = status(tmp_path)

    assert told.returncode == 1
    assert "error [run-file-invalid]" in told.stderr


def test_another_user_s_data_directory_is_no_traceback(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    # Tests may run as root, to whom nothing is refused.
    monkeypatch.setattr("homeport.cli.running.read_run_file", refused)

    told = CliRunner().invoke(homeport, ["status", "--data-dir", str(tmp_path)])

    assert told.exit_code == 1
    assert f"error [not-permitted]: {tmp_path}/run/homeport.json: Permission denied" in told.stderr
