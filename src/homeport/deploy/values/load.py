"""Values as a person gives them: a file, then `--set key=value`, each checked and named when it is wrong."""

import copy
import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar, get_args, get_origin

import yaml

from homeport.deploy.documents import Json
from homeport.deploy.values.fields import fields_of, is_section
from homeport.deploy.values.table import PATTERN, Values
from homeport.kernel.errors import OperatorError

T = TypeVar("T")


class ValuesError(OperatorError):
    """A value that cannot be used."""


def load_values(file: Path | None, settings: Sequence[str] = (), base: Mapping[str, Json] | None = None) -> Values:
    """Read values.

    Args:
        file: YAML; None takes the base.
        base: what counts where there is no file; None are the defaults.
        settings: `key=value` each, with dots between levels; the value is read as YAML.

    Raises:
        ValuesError: with the key that is wrong.
    """
    document = copy.deepcopy(dict(base or {})) if file is None else _read(file)
    for each in settings:
        _put(document, each)
    values = _section(Values, document, "")
    _check_together(values)
    return values


def _read(file: Path) -> dict[str, Json]:
    try:
        found = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ValuesError(f"cannot read {file}: {reason}") from error
    except yaml.YAMLError as error:
        raise ValuesError(f"{file} is not YAML: {error}") from error
    if not isinstance(found or {}, dict):
        raise ValuesError(f"{file} holds no `key: value` lines")
    return found or {}


def _put(document: dict[str, Json], setting: str) -> None:
    key, equals, text = setting.partition("=")
    if not equals:
        raise ValuesError(f"--set {setting}: there is no `=` in it", hint="as in --set domain=home.arpa")
    *sections, last = key.split(".")
    place = document
    for name in sections:
        below = place.setdefault(name, {})
        if not isinstance(below, dict):
            raise ValuesError(f"--set {setting}: {name} holds no further keys")
        place = below
    try:
        place[last] = yaml.safe_load(text) if text else ""
    except yaml.YAMLError as error:
        raise ValuesError(f"--set {setting}: the value is not YAML") from error


def _section(kind: type[T], given: Mapping[str, Json], where: str) -> T:
    fields = fields_of(kind)
    for key in given:
        if key not in fields:
            nearest = difflib.get_close_matches(str(key), fields, n=1)
            hint = f"did you mean {where}{nearest[0]}?" if nearest else f"there are {', '.join(fields)}"
            raise ValuesError(f"there is no value {where}{key}", hint=hint)
    arguments = {}
    for key, (declared, hint_type) in fields.items():
        if key in given:
            arguments[declared.name] = _value(declared, hint_type, given[key], f"{where}{key}")
    return kind(**arguments)


def _value(declared: "dataclasses.Field[object]", kind: object, given: Json, key: str) -> object:
    if is_section(kind):
        if not isinstance(given, dict):
            raise ValuesError(f"{key} holds further keys, and not {given!r}")
        return _filled(declared, _section(kind, given, f"{key}."), given)
    if get_origin(kind) is Literal:
        return _one_of(get_args(kind), given, key)
    if kind is str:
        return _text(declared, given, key)
    if kind is bool:
        return _one_of((True, False), given, key)
    return _maps(given, key) if get_origin(kind) is tuple else _map(given, key)


def _one_of(choices: Sequence[object], given: Json, key: str) -> object:
    # 1 equals True, and is a number all the same.
    if not any(given is each or (isinstance(each, str) and given == each) for each in choices):
        raise ValuesError(f"{key} is {given!r}", hint=f"it can be {', '.join(map(_shown, choices))}")
    return given


def _shown(choice: object) -> str:
    return str(choice).lower() if isinstance(choice, bool) else str(choice)


def _map(given: Json, key: str) -> Mapping[str, Json]:
    if not isinstance(given, dict):
        raise ValuesError(f"{key} is no map")
    return given


def _maps(given: Json, key: str) -> tuple[Mapping[str, Json], ...]:
    if not isinstance(given, list):
        raise ValuesError(f"{key} is no list of maps")
    return tuple(_map(item, key) for item in given)


def _filled(declared: "dataclasses.Field[object]", made: object, given: Mapping[str, Json]) -> object:
    """A section whose defaults depend on where it stands: what was not given comes from there."""
    if declared.default_factory is dataclasses.MISSING:
        return made
    names = {each.name for key, (each, _) in fields_of(type(made)).items() if key in given}
    usual = declared.default_factory()
    return dataclasses.replace(usual, **{name: getattr(made, name) for name in names})  # type: ignore[type-var] # a section


def _text(declared: "dataclasses.Field[object]", given: Json, key: str) -> str:
    # `tag: 1.10` and `cpu: 2` are numbers for YAML, and texts for those who wrote them.
    if isinstance(given, bool) or not isinstance(given, str | int):
        raise ValuesError(f"{key} is {given!r}", hint="it is a text: put it in quotes")
    text = str(given)
    pattern = str(declared.metadata.get(PATTERN, ""))
    if pattern and re.fullmatch(pattern, text) is None:
        raise ValuesError(f"{key} is {text!r}, which has not the form {pattern}")
    return text


def _check_together(values: Values) -> None:
    if (values.issuer.kind == "private-ca") != (not values.issuer.name):
        raise ValuesError(
            f"issuer.kind is {values.issuer.kind} and issuer.name is {values.issuer.name!r}",
            hint="private-ca has no name; ClusterIssuer and Issuer need one",
        )
    if values.registry.htpasswd and values.registry.existing_secret:
        raise ValuesError("registry.htpasswd and registry.existingSecret exclude each other")
    if values.coredns and not values.lb_address:
        raise ValuesError("coredns needs lbAddress", hint="the address that Traefik answers on")
    if not values.registry.enabled and not values.aws.enabled:
        raise ValuesError("registry.enabled and aws.enabled are both false: nothing is left")
