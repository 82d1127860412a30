"""One line in the log for each request."""

from homeport.kernel import log as logs
from homeport.kernel.http.message import Request
from homeport.kernel.log import Log


class AccessLog:
    """An observer that logs, and does nothing else."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def started(self, _request: Request) -> None:
        """Nothing is logged before the end."""

    def finished(self, request: Request, status: int, sent_bytes: int, seconds: float) -> None:
        """Log the request."""
        self._log.request(
            logs.Request(
                request.method,
                request.raw_path,
                status,
                seconds,
                request.body.received,
                sent_bytes,
                request.origin.client,
                request.principal,
                request.id,
            )
        )

    def failed(self, request: Request, error: BaseException) -> None:
        """Log a fault of ours, with its traceback."""
        self._log.error(
            "request failed", method=request.method, path=request.raw_path, request_id=request.id, error=error
        )
