"""What a start costs, counted in what it imports: seconds would depend on the machine."""

import json
import subprocess
import sys
from pathlib import Path

_SERVER = """
import json, os, signal, sys, threading, urllib.error, urllib.request
from pathlib import Path
from homeport.app import Started, UpOptions, serve
from homeport.kernel.config import load_settings

DATA, OUT = map(Path, sys.argv[1:])
LISTEN = {f"HOMEPORT_LISTEN_{name}": "127.0.0.1:0" for name in ("AWS", "REGISTRY", "DEBUG")}

def look(started: Started) -> None:
    urls = dict(reversed(started.addresses))
    try:
        # Waits until everything has been opened that is opened without being asked for.
        urllib.request.urlopen(urllib.request.Request(urls["aws"], headers={"X-Amz-Target": "Nothing.Do"}))
    except urllib.error.HTTPError as error:
        status = error.code
    for page in ("health", "info", "init", "plugins", "diagnose", "config"):
        urllib.request.urlopen(f"{urls['aws']}/_localstack/{page}")
    urllib.request.urlopen(f"{urls['registry']}/_homeport/health")
    OUT.write_text(json.dumps({"status": status, "modules": sorted(sys.modules)}))
    os.kill(os.getpid(), signal.SIGTERM)

def banner(started: Started) -> None:
    threading.Thread(target=look, args=(started,)).start()

settings = load_settings(None, {"HOMEPORT_DATA_DIR": str(DATA), **LISTEN}, {})
sys.exit(serve(settings, UpOptions("captain", "a password for tests", banner)))
"""


def imported(directory: Path) -> list[str]:
    """The modules of a fresh server that has answered its first requests."""
    command = [sys.executable, "-c", _SERVER, str(directory / "data"), str(directory / "out.json")]
    subprocess.run(command, check=True, timeout=120, capture_output=True)
    told = json.loads((directory / "out.json").read_bytes())
    assert told["status"] == 501
    modules: list[str] = told["modules"]
    return modules


def test_a_fresh_start_imports_no_service_and_nothing_large(tmp_path: Path) -> None:
    modules = imported(tmp_path)

    assert "homeport.aws.app" in modules
    assert [name for name in modules if name.startswith("homeport.aws.services")] == []
    assert {"cryptography", "botocore", "numpy", "rich"}.isdisjoint(modules)
