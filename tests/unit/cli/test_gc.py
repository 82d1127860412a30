"""`homeport gc` against a server that is not there yet."""

import threading
from pathlib import Path

from click.testing import CliRunner
from tests.servers import HomeportProcess, free_port

from homeport.cli.main import homeport


def test_the_command_waits_for_a_server_that_cannot_be_reached_yet(tmp_path: Path) -> None:
    """As in a new pod on K3s, which network policies refuse until they have heard of it."""
    port = free_port()
    settings = ["gc", "--server", f"http://127.0.0.1:{port}"]
    # Of two addresses the later one counts.
    server = HomeportProcess.on(tmp_path / "data", arguments=["--listen-debug", f"127.0.0.1:{port}"])

    impatient = CliRunner().invoke(homeport, settings)
    later = threading.Timer(0.5, server.start)
    later.start()
    patient = CliRunner().invoke(homeport, [*settings, "--wait", "30s"])
    later.join()
    server.stop()

    assert impatient.exit_code == 1
    assert "does not answer" in impatient.stderr
    assert "freed 0 bytes" in patient.stderr


def test_a_wait_is_a_duration() -> None:
    told = CliRunner().invoke(homeport, ["gc", "--wait", "soon"])

    assert told.exit_code == 2
    assert "'soon' is not" in told.stderr
