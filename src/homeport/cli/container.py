"""The container image's names: programs that registry:2 and LocalStack have, and what they mean here."""

import sys
from collections.abc import Sequence
from pathlib import PurePath

_CONFIG_SUFFIXES = (".yml", ".yaml")
_REGISTRY_COMMANDS = ("serve", "garbage-collect", "help", "--version", "-v", "--help", "-h")
_LOCALSTACK = ("docker-entrypoint.sh", "localstack-supervisor", "localstack")


def arguments_for(program: str, given: Sequence[str]) -> list[str]:
    """What to run as `homeport`, when the image is started by one of its other names.

    Args:
        program: how it was called: `/bin/registry`, `/entrypoint.sh` and `docker-entrypoint.sh` are in images that
            Homeport takes the place of.
        given: what came after.
    """
    name = PurePath(program).name
    if name == "registry":
        return ["registry", *given]
    if name == "entrypoint.sh":
        # registry:2's own: a configuration file alone means to serve it.
        if given[:1] == ["registry"]:
            return list(given)
        if given and given[0].endswith(_CONFIG_SUFFIXES):
            return ["registry", "serve", *given]
        return ["registry", *given] if given and given[0] in _REGISTRY_COMMANDS else list(given)
    if name in _LOCALSTACK:
        return ["serve", "aws"]
    return list(given)


def main() -> None:
    """Run the program under whatever name it was called by."""
    from homeport.cli.main import homeport

    homeport(args=arguments_for(sys.argv[0], sys.argv[1:]), prog_name="homeport")
