"""The gate before everything that makes or removes links: shut while garbage is collected."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypeVar

from homeport.registry.errors import Unavailable

_PATIENCE_SECONDS = 20.0
"""docker gives up on the PUT that ends a layer after 30 s."""

T = TypeVar("T")


class GateBusy(Exception):
    """A change was still running after the patience had run out."""


class WriteGate:
    """Counts the changes that run, and lets none pass while it is shut."""

    def __init__(self) -> None:
        self._running = 0
        self._open = asyncio.Event()
        self._open.set()
        self._empty = asyncio.Event()
        self._empty.set()

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Make a change, once the gate is open.

        Raises:
            Unavailable: it stays shut for longer than clients wait.
        """
        if not self._open.is_set():
            await self._wait()
        self._running += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._running -= 1
            if not self._running:
                self._empty.set()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                # It may have been shut again before this task had its turn.
                while not self._open.is_set():
                    await self._open.wait()
        except TimeoutError as error:
            raise Unavailable("garbage is being collected: try again in a moment") from error

    @asynccontextmanager
    async def shut(self, patience_seconds: float) -> AsyncIterator[None]:
        """Keep every change out, once those that run have ended.

        Raises:
            GateBusy: one of them took longer, or it is shut already; nothing was done.
        """
        if not self._open.is_set():
            raise GateBusy
        self._open.clear()
        try:
            await self._until_empty(patience_seconds)
            yield
        finally:
            self._open.set()

    async def _until_empty(self, patience_seconds: float) -> None:
        try:
            async with asyncio.timeout(patience_seconds):
                await self._empty.wait()
        except TimeoutError as error:
            raise GateBusy from error


async def ended(running: "asyncio.Future[T]") -> T:
    """What comes of a thread; it has ended when this returns, also by being cancelled: a thread cannot be stopped.

    What it needs to be alone for must not be taken from it, by a gate that opens, before it ends.
    """
    try:
        await asyncio.wait([running])
    except asyncio.CancelledError:
        await asyncio.wait([running])
        raise
    return running.result()
