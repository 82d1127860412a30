"""registry:2's configuration turned into Homeport's: a file, its variables, and what they come to.

The defaults are registry:2's own, not Homeport's: no password, plain HTTP on every interface, nothing can be deleted.
A `homeport` section, which registry:2 ignores, may hold any of Homeport's settings and wins over the rest of the file;
HOMEPORT_* variables win over everything.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from homeport.kernel.config import SETTINGS, Setting, Settings, UnknownSettingError, load
from homeport.kernel.config.errors import InvalidValueError
from homeport.kernel.config.kinds import Raw
from homeport.registry.distribution.document import DistributionConfigError, Tree, read_document
from homeport.registry.distribution.environment import CONFIGURATION_PATH, overlay
from homeport.registry.distribution.schema import unknown_keys
from homeport.registry.distribution.settings import translate
from homeport.registry.distribution.unsupported import refuse_dangerous, told
from homeport.registry.distribution.values import Values
from homeport.registry.store.paths import Paths

_VERSION: Final = "0.1"
_ROWS: Final = {row.key: row for row in SETTINGS}


@dataclass(frozen=True, slots=True)
class Notice:
    """Something in the configuration that has no effect.

    Attributes:
        subject: the key's path, or the variable's name.
        message: what happens instead.
    """

    subject: str
    message: str


@dataclass(frozen=True, slots=True)
class DistributionConfig:
    """What a registry:2 configuration means for Homeport.

    Attributes:
        settings: Homeport's own, with registry:2's defaults.
        notices: what is not supported, for the log at start.
    """

    settings: Settings
    notices: tuple[Notice, ...]


def find_configuration(argument: str | None, environment: Mapping[str, str]) -> Path:
    """The file to read: the argument, else what REGISTRY_CONFIGURATION_PATH names.

    Raises:
        DistributionConfigError: neither is given.
    """
    named = argument or environment.get(CONFIGURATION_PATH)
    if not named:
        raise DistributionConfigError(
            "configuration path unspecified", hint=f"give the path of a config.yml, or set {CONFIGURATION_PATH}"
        )
    return Path(named)


def load_configuration(file: Path, environment: Mapping[str, str]) -> DistributionConfig:
    """Read a config.yml with its REGISTRY_* and HOMEPORT_* variables.

    Raises:
        DistributionConfigError: unreadable, or not what Homeport can serve.
        ConfigError: the same about one of Homeport's own settings.
    """
    tree = read_document(file)
    notices = [
        *(Notice(key, "unknown key, ignored") for key in unknown_keys(tree)),
        *(Notice(name, "unrecognized environment variable, ignored") for name in overlay(tree, environment)),
    ]
    values = Values(tree)
    if (version := values.text("version")) != _VERSION:
        raise DistributionConfigError(f"{file}: unsupported version: {version!r}", hint=f"write `version: {_VERSION}`")
    refuse_dangerous(values)
    notices += [Notice(path, f"not supported; {instead}") for path, instead in told(values)]
    return DistributionConfig(_settings(file, values, environment), tuple(notices))


def _settings(file: Path, values: Values, environment: Mapping[str, str]) -> Settings:
    own = load(None, environment, {})
    chosen: dict[str, object] = {}
    for key, raw, origin in (*translate(values), *_own_section(values.tree("homeport"), "")):
        if key not in own.origins:
            row = _row(key, origin, file)
            chosen[row.attribute] = _parse(row, raw, f"{file}: {origin}", file.absolute().parent)
    for key in own.origins:
        attribute = _ROWS[key].attribute
        chosen[attribute] = getattr(own.settings, attribute)
    return _checked(_make(chosen))


def _make(chosen: Mapping[str, object]) -> Settings:
    fields: dict[str, object] = dict(chosen)
    if "data_dir" not in fields:
        # What is ours lies on the volume itself, as everything of registry:2 does: a container has no other place.
        fields["data_dir"] = Path(Paths(str(fields["registry_root"])).own) / "server"
    make: Callable[..., Settings] = Settings
    return make(**fields)


def _checked(settings: Settings) -> Settings:
    if (settings.tls_certificate is None) != (settings.tls_key is None):
        raise DistributionConfigError("http.tls: certificate and key only work together", hint="set both, or neither")
    return settings


def _own_section(tree: Tree, prefix: str) -> Iterator[tuple[str, Raw, str]]:
    if not isinstance(tree, dict):
        return
    for name, value in tree.items():
        key = prefix + name
        if key in _ROWS or not isinstance(value, dict):
            yield key, _raw(value), f"homeport.{key}"
        else:
            yield from _own_section(value, f"{key}.")


def _raw(tree: Tree) -> Raw:
    match tree:
        case None:
            return ""
        case str():
            return tree
        case list():
            return [_raw(item) for item in tree]
        case dict():
            return {key: _raw(value) for key, value in tree.items()}


def _row(key: str, origin: str, file: Path) -> Setting[object]:
    if key not in _ROWS:
        raise UnknownSettingError(key, f"{file}: {origin}", _ROWS)
    return _ROWS[key]


def _parse(row: Setting[object], raw: Raw, origin: str, folder: Path) -> object:
    try:
        return row.kind.read(raw, folder)
    except ValueError as error:
        raise InvalidValueError(row.key, origin, expected=row.kind.expected, got=repr(raw)) from error
