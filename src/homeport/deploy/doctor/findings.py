"""What a check found: what it did, what it saw, and the command that cures it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from homeport.deploy.documents import Json
from homeport.kernel.errors import OperatorError

S = TypeVar("S")

Outcome = Literal["ok", "warning", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One result.

    Attributes:
        check: the check's number in the list.
        did: what was tried, in the past tense.
        saw: what came of it.
        cure: a command or a sentence; empty when nothing is wrong.
    """

    check: int
    outcome: Outcome
    did: str
    saw: str
    cure: str = ""

    def as_json(self) -> Mapping[str, Json]:
        """Everything, for programs."""
        return {"check": self.check, "outcome": self.outcome, "did": self.did, "saw": self.saw, "cure": self.cure}


class Findings:
    """Collects the results of one check."""

    def __init__(self, check: int) -> None:
        self.check = check
        self.all: list[Finding] = []

    def ok(self, did: str, saw: str) -> None:
        """It is as it should be."""
        self.all.append(Finding(self.check, "ok", did, saw))

    def warning(self, did: str, saw: str, cure: str) -> None:
        """It works, and will bite."""
        self.all.append(Finding(self.check, "warning", did, saw, cure))

    def failed(self, did: str, saw: str, cure: str) -> None:
        """It does not work."""
        self.all.append(Finding(self.check, "failed", did, saw, cure))

    def skipped(self, did: str, why: str) -> None:
        """It was not tried."""
        self.all.append(Finding(self.check, "skipped", did, why))

    @property
    def fine(self) -> bool:
        """Whether nothing failed."""
        return all(each.outcome != "failed" for each in self.all)


Place = Literal["laptop", "cluster", "nodes"]


@dataclass(frozen=True, slots=True)
class Check(Generic[S]):
    """One check of a list.

    Attributes:
        place: from where it looks.
    """

    number: int
    title: str
    place: Place
    run: Callable[[S, Findings], Awaitable[None]]


async def run_checks(
    checks: Sequence[Check[S]], scene: S, tell: Callable[[Check[S], Sequence[Finding]], None]
) -> list[Finding]:
    """Run checks one after another; what stops one of them is a finding of its own."""
    every: list[Finding] = []
    for check in checks:
        findings = Findings(check.number)
        try:
            await check.run(scene, findings)
        except OperatorError as error:
            findings.failed(check.title, error.message, error.hint or "")
        except (OSError, TimeoutError) as error:
            findings.failed(check.title, str(error) or type(error).__name__, "")
        tell(check, findings.all)
        every += findings.all
    return every


def exit_status(findings: Sequence[Finding]) -> int:
    """1 when anything failed."""
    return int(any(each.outcome == "failed" for each in findings))
