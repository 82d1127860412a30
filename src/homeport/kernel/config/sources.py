"""Where a setting's value comes from: file before environment before flags, the last one wins."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from homeport.kernel.config.errors import ConflictError, InvalidValueError, UnknownSettingError
from homeport.kernel.config.kinds import SECRET, Raw, WrongPart
from homeport.kernel.config.places import default_data_dir
from homeport.kernel.config.table import SETTINGS, Setting, Settings

_PREFIX = "HOMEPORT_"
_CONFIG_FILE = "HOMEPORT_CONFIG"
# Kubernetes puts such variables into every pod of a namespace that has a Service named homeport or homeport-something.
_SERVICE_LINK = re.compile(
    r"HOMEPORT_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)"
)

_BY_KEY = {row.key: row for row in SETTINGS}
_BY_ENV = {row.env: row for row in SETTINGS if row.env}


@dataclass(frozen=True, slots=True)
class Loaded:
    """Settings, and where each value was found.

    Attributes:
        file: the configuration file that was read, if any.
        origins: `FILE:LINE`, variable or flag by key; a key that is missing has its default.
    """

    settings: Settings
    file: Path | None
    origins: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Found:
    row: Setting[object]
    raw: Raw
    origin: str
    folder: Path


def load_settings(file: Path | None, environment: Mapping[str, str], flags: Mapping[str, str]) -> Settings:
    """The settings alone; see `load`."""
    return load(file, environment, flags).settings


def load(
    file: Path | None,
    environment: Mapping[str, str],
    flags: Mapping[str, str],
    *,
    spoken_of: Mapping[str, str] | None = None,
) -> Loaded:
    """Read every source and check every value.

    Args:
        file: the YAML file, which must exist; `find_config_file` looks for one.
        environment: the process's variables; `HOMEPORT_*` count.
        flags: values from the command line by key (`listen.registry`).
        spoken_of: the name by which the operator knows a variable that was made of another program's.

    Raises:
        ConfigError: with key, source and expectation of the first value that is wrong.
    """
    values: dict[str, object] = {}
    origins: dict[str, str] = {}
    for found in (*_in_file(file), *_in_environment(environment, spoken_of or {}), *_in_flags(flags)):
        values[found.row.attribute] = _parse(found)
        origins[found.row.key] = found.origin
    if "data_dir" not in values:
        values["data_dir"] = default_data_dir(environment)
    make: Callable[..., Settings] = Settings
    settings = make(**values)
    _check_together(settings)
    return Loaded(settings, file, origins)


def _in_file(file: Path | None) -> Iterator[_Found]:
    if file is None:
        return
    # YAML takes 15 ms to import: only those who have a file pay for it.
    from homeport.kernel.config.file import read_file

    for entry in read_file(file, _BY_KEY):
        origin = f"{file}:{entry.line}"
        if entry.key not in _BY_KEY:
            raise UnknownSettingError(entry.key, origin, _BY_KEY)
        yield _Found(_BY_KEY[entry.key], entry.raw, origin, file.absolute().parent)


def _in_environment(environment: Mapping[str, str], spoken_of: Mapping[str, str]) -> Iterator[_Found]:
    in_kubernetes = "KUBERNETES_SERVICE_HOST" in environment
    for name in sorted(environment):
        if not name.startswith(_PREFIX) or name == _CONFIG_FILE:
            continue
        if name in _BY_ENV:
            yield _Found(_BY_ENV[name], environment[name], spoken_of.get(name, name), Path.cwd())
        elif not (in_kubernetes and _SERVICE_LINK.fullmatch(name)):
            raise UnknownSettingError(name, "the environment", [*_BY_ENV, _CONFIG_FILE])


def _in_flags(flags: Mapping[str, str]) -> Iterator[_Found]:
    for key, text in flags.items():
        if key not in _BY_KEY:
            raise UnknownSettingError(key, "the command line", _BY_KEY)
        yield _Found(_BY_KEY[key], text, _BY_KEY[key].flag or key, Path.cwd())


def _parse(found: _Found) -> object:
    kind = found.row.kind
    try:
        return kind.read(found.raw, found.folder)
    except WrongPart as error:
        raise InvalidValueError(found.row.key, found.origin, expected=kind.expected, got=str(error)) from error
    except ValueError as error:
        got = "something else" if kind is SECRET else repr(found.raw)
        raise InvalidValueError(found.row.key, found.origin, expected=kind.expected, got=got) from error


def _check_together(settings: Settings) -> None:
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise ConflictError("tls.certificate and tls.key only work together", hint="set both, or neither")
    missing = {group for rule in settings.registry_access for group in rule.groups} - settings.registry_groups.keys()
    if missing:
        raise ConflictError(
            f"registry.access names the group {min(missing)!r}, which registry.groups does not have",
            hint="add it there, or name its users in the rule",
        )
    taken: dict[str, str] = {}
    for listener in ("registry", "aws", "debug"):
        for address in getattr(settings, f"listen_{listener}"):
            name = str(address)
            if name in taken and not name.endswith(":0"):
                raise ConflictError(f"listen.{listener}: {name} is already taken by listen.{taken[name]}")
            taken[name] = listener
