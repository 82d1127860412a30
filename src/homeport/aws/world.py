"""What the AWS half stands on: everything of the kernel that it is given."""

from dataclasses import dataclass, field

from homeport.kernel.clock import Clock
from homeport.kernel.config import Settings
from homeport.kernel.health import Health
from homeport.kernel.ids import Ids
from homeport.kernel.jobs import Runner
from homeport.kernel.log import Log
from homeport.kernel.metrics import Metrics
from homeport.kernel.signals import Signals
from homeport.kernel.storage.layout import DataDirectory


@dataclass(frozen=True, slots=True)
class World:
    """One server's parts.

    Attributes:
        runner: gets the half's jobs, those of a service when that is opened.
    """

    settings: Settings
    data: DataDirectory
    clock: Clock
    ids: Ids
    log: Log
    metrics: Metrics
    runner: Runner
    health: Health = field(default_factory=Health)
    signals: Signals = field(default_factory=Signals)
