"""How log lines reach the operator without holding up the server."""

import asyncio
import contextlib
import os
import select
import threading
from typing import Protocol

_LONGEST_BATCH = 512
_PATIENCE_SECONDS = 1.0


class Sink(Protocol):
    """Where lines go."""

    def write(self, line: str) -> None:
        """Take one line, without its end. Never raises."""
        ...

    def flush(self) -> None:
        """Write what was taken."""
        ...


class DescriptorSink:
    """Writes to a file descriptor: once a turn of the event loop, or at once where none runs. For any thread.

    What cannot be written (the reader of the pipe is gone, the disk is full) is dropped and counted: a log must
    never stop the server.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lines: list[str] = []
        self._scheduled_on: asyncio.AbstractEventLoop | None = None
        self._lock = threading.Lock()
        self.dropped_batches = 0

    def write(self, line: str) -> None:
        """Take one line; it is written at the end of the loop's turn."""
        with self._lock:
            self._lines.append(line)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.flush()
            return
        # Another loop than the one we asked: that one ended before its turn did.
        if self._scheduled_on is not loop:
            self._scheduled_on = loop
            loop.call_soon(self._turn)
        elif len(self._lines) >= _LONGEST_BATCH:
            self.flush()

    def _turn(self) -> None:
        self._scheduled_on = None
        self.flush()

    def flush(self) -> None:
        """Write what was taken."""
        with self._lock:
            if self._lines:
                self._lines.append("")
                batch = "\n".join(self._lines).encode(errors="backslashreplace")
                self._lines = []
                self._write(memoryview(batch))

    def _write(self, batch: memoryview) -> None:
        while batch:
            try:
                batch = batch[os.write(self._descriptor, batch) :]
            except BlockingIOError:
                # Somebody who shares the terminal or pipe has made it non-blocking.
                if not self._writable():
                    self.dropped_batches += 1
                    return
            except OSError:
                self.dropped_batches += 1
                return

    def _writable(self) -> bool:
        with contextlib.suppress(OSError, ValueError):
            return bool(select.select([], [self._descriptor], [], _PATIENCE_SECONDS)[1])
        return False


class MemorySink:
    """Keeps the lines, for tests."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def write(self, line: str) -> None:
        """Keep one line."""
        self.lines.append(line)

    def flush(self) -> None:
        """Nothing is waiting."""
