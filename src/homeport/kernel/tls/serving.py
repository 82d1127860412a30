"""The certificate that this server's listeners speak TLS with: opened when the first of them needs it, kept fresh."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from homeport.kernel.clock import Clock, Millis
from homeport.kernel.config import Settings
from homeport.kernel.jobs import Next
from homeport.kernel.log import Log
from homeport.kernel.tls.context import ServerTls

_LOOK_SECONDS: Final = 60


class ServingTls:
    """The operator's certificate, or one of the own authority's.

    Args:
        ca: the authority's directory.
        more_names: host names that its certificate is for, beside those of the settings and of the machine.
    """

    def __init__(self, settings: Settings, ca: Path, clock: Clock, more_names: tuple[str, ...] = ()) -> None:
        self._settings = settings
        self._ca = ca
        self._clock = clock
        self._more_names = more_names
        self._opening = asyncio.Lock()
        self.opened: ServerTls | None = None

    def context(self) -> ssl.SSLContext:
        """The context for servers.

        Raises:
            OperatorError: the certificate is no good.
        """
        if self.opened is None:
            self.opened = self._open()
        return self.opened.context

    async def context_when_asked(self) -> ssl.SSLContext:
        """The same for the first client that speaks TLS where most never do; made in a thread.

        Raises:
            OperatorError: the certificate is no good.
        """
        async with self._opening:
            if self.opened is None:
                self.opened = await asyncio.get_running_loop().run_in_executor(None, self._open)
        return self.opened.context

    def _open(self) -> ServerTls:
        settings = self._settings
        if settings.tls_certificate is not None:
            return ServerTls.from_files(settings.tls_certificate, settings.tls_key)
        names = (*settings.tls_names, *self._more_names)
        return ServerTls.from_own_authority(self._ca, self._clock, names=names)


@dataclass(slots=True)
class KeepTls:
    """Takes a certificate over when its files change, and renews that of the own authority."""

    tls: ServingTls
    log: Log
    name: str = "tls-certificate"

    async def run_due(self, now: Millis) -> Next:
        """Look at the files."""
        opened = self.tls.opened
        if opened is not None:
            done = await asyncio.get_running_loop().run_in_executor(None, opened.reload_if_changed)
            if done.changed:
                self.log.info("certificate taken over")
            if done.problem:
                self.log.warning("certificate not taken over", problem=done.problem)
        return Next.after(now, seconds=_LOOK_SECONDS)
