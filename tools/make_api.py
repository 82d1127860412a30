"""Writes `src/homeport/aws/api` from botocore's models: each service's wire model (JSON), and stubs of its shapes.

Run it as `make api` after an upgrade of botocore; `--check` only says whether the files are up to date.
"""

import argparse
import json
import keyword
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import botocore
from botocore.loaders import Loader

ROOT = Path(__file__).parent.parent
TARGET = ROOT / "src" / "homeport" / "aws" / "api"
AMENDMENTS = Path(__file__).parent / "api_amendments.json"
SERVICES: Final = ("dynamodb", "dynamodbstreams", "iam", "kms", "lambda", "s3", "sns", "sqs", "sts")

Json = dict[str, Any]

_METADATA = {
    "protocol": "protocol",
    "protocols": "protocols",
    "jsonVersion": "jsonVersion",
    "targetPrefix": "targetPrefix",
    "xmlNamespace": "xmlNamespace",
    "apiVersion": "apiVersion",
    "endpointPrefix": "endpointPrefix",
    "signingName": "signingName",
    "serviceId": "serviceId",
}
_OPERATION = ("http", "input", "output", "errors", "httpChecksum", "unsignedPayload", "authtype")
_SHAPE = (
    *("type", "members", "required", "member", "key", "value", "flattened", "locationName", "xmlNamespace"),
    *("timestampFormat", "payload", "error", "exception", "fault", "event", "eventstream", "min", "max", "pattern"),
    *("enum", "streaming", "union", "box", "textElement"),
)
_MEMBER = (
    *("shape", "location", "locationName", "flattened", "xmlNamespace", "xmlAttribute", "streaming"),
    *("timestampFormat", "jsonvalue", "idempotencyToken", "eventpayload", "eventheader", "queryName"),
)
_SCALARS = {
    "string": "str",
    "character": "str",
    "integer": "int",
    "long": "int",
    "float": "float",
    "double": "float",
    "boolean": "bool",
    "timestamp": "Millis",
    "blob": "bytes",
}


def _kept(source: Mapping[str, Any], keys: tuple[str, ...]) -> Json:
    return {key: source[key] for key in keys if key in source}


def _shape(shape: Mapping[str, Any]) -> Json:
    kept = _kept(shape, _SHAPE)
    if "members" in kept:
        kept["members"] = {name: _kept(member, _MEMBER) for name, member in kept["members"].items()}
    for part in ("member", "key", "value"):
        if part in kept:
            kept[part] = _kept(kept[part], _MEMBER)
    return kept


def _operation(operation: Mapping[str, Any]) -> Json:
    kept = _kept(operation, _OPERATION)
    for part in ("input", "output"):
        if part in kept:
            kept[part].pop("documentation", None)
    if "errors" in kept:
        kept["errors"] = [error["shape"] for error in kept["errors"]]
    return kept


def wire_model(service: str, source: Mapping[str, Any], amendments: Mapping[str, Any]) -> Json:
    """What the protocols need of a service's model."""
    metadata = {ours: source["metadata"][theirs] for theirs, ours in _METADATA.items() if theirs in source["metadata"]}
    metadata.setdefault("signingName", metadata["endpointPrefix"])
    model: Json = {
        "service": service,
        "metadata": metadata,
        "operations": {name: _operation(operation) for name, operation in source["operations"].items()},
        "shapes": {name: _shape(shape) for name, shape in source["shapes"].items()},
    }
    _amend(model, amendments)
    return model


def _amend(model: Json, amendments: Mapping[str, Any]) -> None:
    model["metadata"].update(amendments.get("metadata", {}))
    shapes = model["shapes"]
    for name, element in amendments.get("list_elements", {}).items():
        shapes[name]["member"]["locationName"] = element
    for name, (element, key, value) in amendments.get("map_elements", {}).items():
        shapes[name]["locationName"] = element
        shapes[name]["key"]["locationName"] = key
        shapes[name]["value"]["locationName"] = value
    for name, (code, status) in amendments.get("errors", {}).items():
        undeclared = {"type": "structure", "members": {}, "exception": True}
        shapes.setdefault(name, undeclared)["error"] = {"code": code, "httpStatusCode": status, "senderFault": True}
    for name, element in amendments.get("roots", {}).items():
        shapes[model["operations"][name]["output"]["shape"]]["locationName"] = element
    shapes.update({name: {"type": "string"} for name in amendments.get("texts", ())})
    _add_headers(shapes, amendments.get("headers", {}))
    for group, mark in (("text_elements", "textElement"), ("opaque", "opaque")):
        for name in amendments.get(group, ()):
            shapes[name][mark] = True
    if amendments.get("result_wrappers"):
        for name, operation in model["operations"].items():
            if "output" in operation:
                operation["output"]["resultWrapper"] = f"{name}Result"


def _add_headers(shapes: Json, requests: Mapping[str, Mapping[str, str]]) -> None:
    for name, headers in requests.items():
        for member, header in headers.items():
            shapes.setdefault(member, {"type": "string"})
            shapes[name]["members"][member] = {"shape": member, "location": "header", "locationName": header}


def _one_line_each(model: Mapping[str, Any]) -> str:
    """JSON with a line for each operation and each shape, so that a change of the model is readable as a diff."""

    def compact(value: object) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    parts = [f'"service":{compact(model["service"])}', f'"metadata":{compact(model["metadata"])}']
    for group in ("operations", "shapes"):
        lines = ",\n".join(f"{compact(name)}:{compact(value)}" for name, value in sorted(model[group].items()))
        parts.append(f'"{group}":{{\n{lines}\n}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


class Typing:
    """A service's structures as TypedDicts."""

    def __init__(self, model: Mapping[str, Any]) -> None:
        self._shapes: Mapping[str, Any] = model["shapes"]
        self._inputs = {o["input"]["shape"] for o in model["operations"].values() if "input" in o}
        self._outputs = {o["output"]["shape"] for o in model["operations"].values() if "output" in o}

    def classes(self) -> Iterator[str]:
        """One class a structure, errors left out."""
        for name, shape in sorted(self._shapes.items()):
            if shape["type"] == "structure" and not shape.get("exception"):
                yield self._class(name, shape)

    def _class(self, name: str, shape: Mapping[str, Any]) -> str:
        required = set(shape.get("required", ()))
        members = {
            m: self._member(name, member, required=m in required) for m, member in shape.get("members", {}).items()
        }
        if any(keyword.iskeyword(member) for member in members):
            fields = ", ".join(f'"{member}": {text!r}' for member, text in members.items())
            return f'{name} = TypedDict("{name}", {{{fields}}}, total=False)\n'
        body = "".join(f"    {member}: {text}\n" for member, text in members.items()) or "    pass\n"
        return f"class {name}(TypedDict, total=False):\n{body}"

    def _member(self, owner: str, member: Mapping[str, Any], *, required: bool) -> str:
        shape = self._shapes[member["shape"]]
        streams = member.get("streaming") or shape.get("streaming")
        if shape.get("eventstream"):
            text = f"AsyncIterator[{member['shape']}]"
        elif streams and owner in self._inputs:
            text = "Upload"
        elif streams and owner in self._outputs:
            text = "Download"
        else:
            text = self._type(member["shape"])
        return f"Required[{text}]" if required else text

    def _type(self, name: str) -> str:
        shape = self._shapes[name]
        match shape["type"]:
            case "structure":
                return name
            case "list":
                return f"list[{self._type(shape['member']['shape'])}]"
            case "map":
                return f"dict[str, {self._type(shape['value']['shape'])}]"
            case scalar:
                return _SCALARS[scalar]


def typed_dicts(model: Mapping[str, Any]) -> str:
    """The stub for type checking."""
    head = (
        f"# {_title(model)}: made by tools/make_api.py, for type checking only.\n\n"
        "from collections.abc import AsyncIterator\n"
        "from typing import Required, TypedDict\n\n"
        "from homeport.aws.stream import Download, Upload\n"
        "from homeport.kernel.clock import Millis\n"
    )
    return "\n\n".join([head, *Typing(model).classes()])


def _title(model: Mapping[str, Any]) -> str:
    return f"The shapes of {model['metadata']['serviceId']}, API version {model['metadata']['apiVersion']}"


def runtime_module(model: Mapping[str, Any]) -> str:
    """The module that runs: making thousands of classes that nobody asks for costs 40 ms and 4 MB at the start."""
    return (
        f'"""{_title(model)}: made by tools/make_api.py. At run time each of them is a dictionary."""\n\n\n'
        "def __getattr__(name: str) -> type[dict[str, object]]:\n"
        '    if name.startswith("__"):\n'
        "        raise AttributeError(name)\n"
        "    return dict\n"
    )


def made() -> Iterator[tuple[Path, str]]:
    """Every file with what it should hold."""
    amendments = json.loads(AMENDMENTS.read_text(encoding="utf-8"))
    loader = Loader()
    index = {}
    for service in SERVICES:
        source = json.loads(json.dumps(loader.load_service_model(service, "service-2")))
        model = wire_model(service, source, amendments.get(service, {}))
        index[service] = model["metadata"]
        yield TARGET / f"{service}.json", _one_line_each(model)
        module = service.removesuffix("lambda") or "lambda_"
        yield TARGET / f"{module}.py", runtime_module(model)
        yield TARGET / f"{module}.pyi", typed_dicts(model)
    lines = ",\n".join(f'"{service}":{json.dumps(metadata)}' for service, metadata in index.items())
    yield TARGET / "index.json", f"{{\n{lines}\n}}\n"


def main() -> int:
    """Write the files, or say which differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a file is not up to date")
    check = parser.parse_args().check
    every = list(made())
    stale = [(path, text) for path, text in every if not path.exists() or path.read_text(encoding="utf-8") != text]
    for path, text in stale:
        if not check:
            path.write_text(text, encoding="utf-8")
        print(f"{'stale' if check else 'written'}: {path.relative_to(ROOT)}")
    print(f"{len(stale)} of {len(every)} files differed from botocore {botocore.__version__}")
    return 1 if stale and check else 0


if __name__ == "__main__":
    sys.exit(main())
