"""Where Homeport keeps its data and looks for its configuration when nobody says so."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from homeport.kernel.config.errors import ConfigError

SERVICE_DATA_DIR = Path("/var/lib/homeport")
SERVICE_CONFIG_FILE = Path("/etc/homeport/config.yaml")


def default_data_dir(environment: Mapping[str, str], *, platform: str = sys.platform, uid: int | None = None) -> Path:
    """The platform's place for Homeport's data.

    In this order: the directory that systemd made (`StateDirectory=`); `/var/lib/homeport` for a systemd service that
    runs as root; on macOS `~/Library/Application Support/homeport`; else `$XDG_DATA_HOME/homeport`, which without that
    variable is `~/.local/share/homeport`.

    Raises:
        ConfigError: there is no home directory to put it in.
    """
    if state := environment.get("STATE_DIRECTORY", "").split(":")[0]:
        return Path(state)
    if "INVOCATION_ID" in environment and (os.getuid() if uid is None else uid) == 0:
        return SERVICE_DATA_DIR
    if platform == "darwin":
        return _home(environment) / "Library/Application Support/homeport"
    return _xdg(environment, "XDG_DATA_HOME", ".local/share") / "homeport"


def find_config_file(environment: Mapping[str, str]) -> Path | None:
    """The configuration file to read when no `--config` names one; None when there is none.

    `HOMEPORT_CONFIG` names it (and it must exist then); otherwise the first that exists of
    `$XDG_CONFIG_HOME/homeport/config.yaml` (`~/.config/...`) and `/etc/homeport/config.yaml`.
    """
    if named := environment.get("HOMEPORT_CONFIG"):
        return Path(named)
    candidates = [SERVICE_CONFIG_FILE]
    if "HOME" in environment or "XDG_CONFIG_HOME" in environment:
        candidates.insert(0, _xdg(environment, "XDG_CONFIG_HOME", ".config") / "homeport/config.yaml")
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _xdg(environment: Mapping[str, str], variable: str, fallback: str) -> Path:
    path = Path(environment.get(variable, ""))
    # XDG Base Directory Specification 0.8: a relative path in such a variable is to be ignored.
    return path if path.is_absolute() else _home(environment) / fallback


def _home(environment: Mapping[str, str]) -> Path:
    home = environment.get("HOME") or os.path.expanduser("~")  # noqa: PTH111 - Path.home() raises where this one does not
    if not os.path.isabs(home):  # noqa: PTH117 - the same value, still text
        raise ConfigError("data_dir: there is no home directory to keep data in", hint="name one with --data-dir DIR")
    return Path(home)
