"""What a process tree has cost so far: CPU time, memory now, memory at its peak."""

import os
import re
import time
from contextlib import suppress
from pathlib import Path

NANOSECONDS = 1_000_000_000
TICK_SECONDS = 1 / os.sysconf("SC_CLK_TCK")


class ProcessCost:
    """A server's process with all its threads and children, seen through /proc.

    Args:
        pid: the server's process; 0 where the server is not on this machine, and every answer is then None.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid

    def cpu_seconds(self) -> float | None:
        """User and system time of all threads and of children dead or alive, in ticks of 10 ms; right over seconds."""
        if not self._pid:
            return None
        return sum(_ticks(pid) for pid in self.processes()) * TICK_SECONDS

    def cpu_seconds_finely(self) -> float | None:
        """The same in nanoseconds, of all threads dead or alive; right over times in which no child ends."""
        if not self._pid:
            return None
        return sum(_nanoseconds(pid) for pid in self.processes()) / NANOSECONDS

    def resident_megabytes(self) -> float | None:
        """Memory that the processes hold now, in MB of 10^6 bytes; pages that they share count for each."""
        return self._sum_of_status("VmRSS")

    def peak_megabytes(self) -> float | None:
        """The most that each process has held since `forget_peak`."""
        return self._sum_of_status("VmHWM")

    def forget_peak(self) -> None:
        """Let the peak begin at what is held now; see proc(5), clear_refs."""
        for pid in self.processes() if self._pid else []:
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def _sum_of_status(self, field: str) -> float | None:
        if not self._pid:
            return None
        return sum(_status(pid, field) for pid in self.processes()) * 1024 / 1_000_000

    def processes(self) -> list[int]:
        """The process and all its children, by their ids."""
        found = [self._pid]
        for pid in found:
            for task in Path(f"/proc/{pid}/task").iterdir():
                # A thread may end while we look.
                with suppress(FileNotFoundError, ProcessLookupError):
                    found += [int(child) for child in (task / "children").read_text().split()]
        return found


def _ticks(pid: int) -> int:
    # The name in the second field may hold spaces and brackets; what follows the last one does not.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:15])


def _nanoseconds(pid: int) -> int:
    """By the process's own CPU clock, whose number Linux makes of the pid; see clock_getcpuclockid(3)."""
    try:
        return time.clock_gettime_ns((~pid << 3) | 2)
    except OSError:
        # A child may end while we look.
        return 0


def _status(pid: int, field: str) -> int:
    match = re.search(rf"^{field}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(match[1]) if match else 0


def listener_pid(port: int) -> int:
    """The process that listens at a port of this machine; 0 where there is none, or none that we may look at."""
    wanted = f":{port:04X}"
    inodes = {
        f"socket:[{fields[9]}]"
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if (fields := line.split())[1].endswith(wanted) and fields[3] == "0A"
    }
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(file.readlink()) in inodes for file in (process / "fd").iterdir()):
                return int(process.name)
        except OSError:
            continue
    return 0
