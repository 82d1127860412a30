"""How many files and connections the system lets this process have open, and how many of them a listener may take."""

import resource
from contextlib import suppress
from typing import Final

CONNECTIONS: Final = 1024
"""Of a listener whose requests end soon."""

PARKED_CONNECTIONS: Final = 8192
"""Of the AWS listener, where thousands of consumers wait for messages; each takes about 20 KiB."""

_FILES_BESIDE: Final = 3072
"""For the other listeners and for files."""

_MOST_FILES: Final = 65536


def raise_file_limit() -> int:
    """Take as many files as the system grants, which at first gives fewer; returns how many those are."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _MOST_FILES if hard == resource.RLIM_INFINITY else hard
    if soft < wanted:
        with suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return file_limit()


def file_limit() -> int:
    """How many files may be open now."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST_FILES if soft == resource.RLIM_INFINITY else soft


def connections_that_park(files: int) -> int:
    """The AWS listener's share where the system grants so many files; never fewer than another listener has."""
    return min(PARKED_CONNECTIONS, max(CONNECTIONS, files - _FILES_BESIDE))
