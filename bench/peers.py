"""The other servers that `make peers` installs, and how each is started."""

from dataclasses import dataclass
from pathlib import Path

PLACE = Path(__file__).parent.parent / ".peers"


@dataclass(frozen=True, slots=True)
class Peer:
    """A server to be measured beside Homeport.

    Attributes:
        benches: which it can answer in minutes, by the beginning of their names.
        command: `{bin}` is where its kind of package puts programs, `{port}` and `{directory}` are as in `--beside`.
    """

    name: str
    benches: tuple[str, ...]
    bin: Path
    program: str
    command: str

    def beside(self) -> str:
        """What `--beside` takes: NAME=COMMAND."""
        return f"{self.name}={self.command.replace('{bin}', str(self.bin))}"

    def is_installed(self) -> bool:
        """Whether `make peers` has brought it."""
        return (self.bin / self.program).exists()


_PYTHON, _NODE = PLACE / "venv" / "bin", PLACE / "node_modules" / ".bin"
# Each as quiet as it can be and on the loopback address alone; its state where the bench says, if it keeps any.
_MINISTACK = (
    "env GATEWAY_PORT={port} BIND_HOST=127.0.0.1 IOT_MTLS_ENABLED=0 SFTP_ENABLED=0 LOG_LEVEL=WARNING "
    "TMPDIR={directory} {bin}/ministack"
)
_MOTO = "{bin}/moto_server -H 127.0.0.1 -p {port}"
_DYNALITE = "{bin}/dynalite --host 127.0.0.1 --port {port} --path {directory}"
PEERS = (
    Peer("ministack", ("s3", "sqs", "sns", "dynamodb"), _PYTHON, "ministack", _MINISTACK),
    # A query in moto looks at the whole table: on one of a million it would be asked for hours.
    Peer("moto", ("s3", "sqs", "sns", "dynamodb_calls"), _PYTHON, "moto_server", _MOTO),
    Peer("dynalite", ("dynamodb",), _NODE, "dynalite", _DYNALITE),
)


def installed_beside(question: str) -> list[str]:
    """NAME=COMMAND of each peer that is there and can answer the question."""
    return [peer.beside() for peer in PEERS if question.startswith(peer.benches) and peer.is_installed()]
