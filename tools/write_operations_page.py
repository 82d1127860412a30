"""Writes `docs/reference/aws-operations.md`: every operation that AWS has, and whether it works here.

With `--check` it only says whether the page is up to date.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from homeport.aws.protocol.claims import load_index
from homeport.aws.protocol.model import load_model
from homeport.aws.rooms import SERVICES

PAGE = Path(__file__).parent.parent / "docs/reference/aws-operations.md"

_INTRODUCTION = """\
# AWS operations

<!-- Written by tools/write_operations_page.py from the services and their wire models; do not edit. -->

Every operation of every service that Homeport knows, as botocore's models name them. What works is done for real and
kept on disk; what does not is answered with status 501 and `NotImplemented`, naming the operation. Homeport never does
another operation in its place.

| service | works | of |
|---|---:|---:|
"""


def page() -> str:
    """The page's text."""
    working = {name: frozenset(listed.load().operations) for name, listed in SERVICES.items()}
    models = {name: load_model(name) for name in load_index()}
    parts = [_INTRODUCTION]
    for name, model in models.items():
        title = model.metadata["serviceId"]
        parts.append(f"| [{title}](#{title.lower().replace(' ', '-')}) | {len(working.get(name, ()))} |")
        parts.append(f" {len(model.operations)} |\n")
    for name, model in models.items():
        parts += _section(str(model.metadata["serviceId"]), sorted(model.operations), working.get(name, frozenset()))
    return "".join(parts)


def _section(title: str, operations: list[str], working: frozenset[str]) -> Iterator[str]:
    unknown = working - set(operations)
    if unknown:
        raise SystemExit(f"{title} has operations that AWS has not: {', '.join(sorted(unknown))}")
    yield f"\n## {title}\n\n| operation | works |\n|---|---|\n"
    for operation in operations:
        yield f"| {operation} | {'yes' if operation in working else '501'} |\n"


def main() -> int:
    """Write the page, or check it."""
    text = page()
    current = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    if "--check" in sys.argv[1:]:
        if current != text:
            print(f"{PAGE} is not up to date: run `make docs`", file=sys.stderr)
        return int(current != text)
    PAGE.parent.mkdir(parents=True, exist_ok=True)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
