"""What the operating system says about this process, under Prometheus' usual names."""

import os
import resource
import time
from pathlib import Path

from homeport.kernel.metrics import Metrics

_PROC = Path("/proc/self")
_DESCRIPTORS = Path("/dev/fd")
_PAGE_BYTES = resource.getpagesize()
_START_FIELD = 19  # of /proc/self/stat after the command's name: field 22, see proc(5)
_VIRTUAL, _RESIDENT = 0, 1  # of /proc/self/statm


def add_process_metrics(metrics: Metrics) -> None:
    """Add CPU time, memory, open files and start; memory only where there is a `/proc`."""
    metrics.read_counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.", _cpu_seconds)
    metrics.read_gauge("process_open_fds", "Number of open file descriptors.", _open_files)
    metrics.read_gauge("process_max_fds", "Maximum number of open file descriptors.", _most_files)
    metrics.read_gauge(
        "process_resident_memory_bytes", "Resident memory size in bytes.", lambda: _memory_bytes(_RESIDENT)
    )
    metrics.read_gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", lambda: _memory_bytes(_VIRTUAL))
    started = _start_seconds()
    metrics.read_gauge(
        "process_start_time_seconds", "Start time of the process since unix epoch in seconds.", lambda: started
    )


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return round(used.ru_utime + used.ru_stime, 6)


def _open_files() -> int:
    # One of them is the descriptor that lists the others.
    return sum(1 for _ in _DESCRIPTORS.iterdir()) - 1


def _most_files() -> float:
    soft, _hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    return float("inf") if soft == resource.RLIM_INFINITY else soft


def _memory_bytes(field: int) -> int:
    return int((_PROC / "statm").read_text().split()[field]) * _PAGE_BYTES


def _start_seconds() -> float:
    try:
        ticks = int((_PROC / "stat").read_text().rpartition(")")[2].split()[_START_FIELD])
        boot = next(line for line in Path("/proc/stat").read_text().splitlines() if line.startswith("btime "))
        return int(boot.split()[1]) + ticks / os.sysconf("SC_CLK_TCK")
    except OSError:
        return time.time()  # close enough: the process is just starting
