"""How much a client may ask of a listener before it is turned away."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one listener; seconds unless the name says otherwise."""

    header_timeout: float = 30.0
    """From the connection to the end of the first request's header."""
    idle_timeout: float = 75.0
    """From the end of one answer to the end of the next request's header."""
    body_timeout: float = 60.0
    """Without a single byte moving, in either direction."""
    connections: int = 1024
    header_line_bytes: int = 16 * 1024
    header_count: int = 128
    header_bytes: int = 128 * 1024
    """Of a header that comes in pieces; one that comes at once is bounded by what is read at once."""
    read_buffer_bytes: int = 128 * 1024
    """Of one connection's body, before the client is made to wait."""
