"""Bodies that never become Python objects: slices of files on their way to a socket."""

import enum
import os
import select
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

READ_BYTES = 256 * 1024
_SENDFILE_BYTES = 8 * 1024 * 1024
_PATIENCE_MS = 20
_TURN_SECONDS = 0.25


class Turn(enum.Enum):
    """How a thread's turn at sending ended."""

    DONE = "done"
    BLOCKED = "blocked"
    """The other end takes nothing: wait for it without a thread."""
    OVER = "over"
    """Others may want the thread: queue again behind them."""


@dataclass(frozen=True, slots=True)
class Slice:
    """`count` bytes of the file from `offset` on, and the literal bytes that go before them."""

    offset: int
    count: int
    before: bytes = b""


class FileShorter(ConnectionError):
    """The file ended before what was promised of it; the connection cannot go on."""

    def __init__(self) -> None:
        super().__init__("the file ended before what was promised of it")


class FileSlices:
    """Parts of one open file, in order, with literal bytes between and behind; closed by whoever sends it."""

    __slots__ = ("_fd", "_length", "after", "slices")

    def __init__(self, fd: int, slices: Sequence[Slice], *, after: bytes = b"") -> None:
        self._fd = fd
        self.slices = tuple(slices)
        self.after = after
        self._length = sum(len(s.before) + s.count for s in self.slices) + len(after)

    def __len__(self) -> int:
        return self._length

    @property
    def fd(self) -> int:
        """The file's descriptor."""
        return self._fd

    def read(self) -> bytes:
        """All of it as bytes; for small ones.

        Raises:
            FileShorter: the file has fewer bytes than promised.
        """
        parts = [part for s in self.slices for part in (s.before, os.pread(self._fd, s.count, s.offset))]
        whole = b"".join((*parts, self.after))
        if len(whole) != self._length:
            raise FileShorter
        return whole

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()


@dataclass(slots=True)
class SocketSender:
    """Sends literal bytes and slices of a file over a non-blocking socket, from any thread, without copying them.

    Args:
        sock_fd: a duplicate of the connection's descriptor: it stays this one whatever becomes of the transport.
        file_fd: the file.
        pieces: what is left to send; bytes, or (offset, count) of the file.
    """

    sock_fd: int
    file_fd: int
    pieces: list[bytes | tuple[int, int]]

    def send_for_a_turn(self) -> Turn:
        """Send until all is out, the other end takes nothing for some milliseconds, or the turn is over.

        Raises:
            OSError: the connection is broken.
            FileShorter: the file has fewer bytes than promised.
        """
        waiting = select.poll()
        waiting.register(self.sock_fd, select.POLLOUT)
        over_at = time.monotonic() + _TURN_SECONDS
        while self.pieces:
            try:
                self._send_some()
            except BlockingIOError:
                if not waiting.poll(_PATIENCE_MS):
                    return Turn.BLOCKED
            if time.monotonic() > over_at:
                return Turn.OVER
        return Turn.DONE

    def _send_some(self) -> None:
        match self.pieces[0]:
            case bytes() as literal:
                sent = os.write(self.sock_fd, literal)
                if sent < len(literal):
                    self.pieces[0] = literal[sent:]
                else:
                    del self.pieces[0]
            case (offset, count):
                sent = os.sendfile(self.sock_fd, self.file_fd, offset, min(count, _SENDFILE_BYTES))
                if sent == 0:
                    raise FileShorter
                if sent < count:
                    self.pieces[0] = (offset + sent, count - sent)
                else:
                    del self.pieces[0]


def pieces_of(head: bytes, body: FileSlices) -> list[bytes | tuple[int, int]]:
    """The head and the body as a sender's pieces, without empty ones."""
    pieces: list[bytes | tuple[int, int]] = [head]
    for part in body.slices:
        if part.before:
            pieces.append(part.before)
        if part.count:
            pieces.append((part.offset, part.count))
    if body.after:
        pieces.append(body.after)
    return pieces
