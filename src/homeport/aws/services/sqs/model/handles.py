"""Receipt handles: which message was received, from which queue, the how manieth time."""

import base64
import binascii
import struct
import zlib
from dataclasses import dataclass
from typing import Self

from homeport.aws.services.sqs.errors import ReceiptHandleIsInvalid

_LAYOUT = struct.Struct(">3sIQI")
_MARK = b"\x01\x01\x01"
_CHECKSUM_BYTES = 4


@dataclass(frozen=True, slots=True)
class ReceiptHandle:
    """One receive of one message; the next receive of it makes this one stale."""

    queue: int
    message: int
    receives: int

    def __str__(self) -> str:
        content = _LAYOUT.pack(_MARK, self.queue, self.message, self.receives)
        return base64.b64encode(content + zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "big")).decode()

    @classmethod
    def parse(cls, text: str, *, queue: int) -> Self:
        """Read a handle that a client has sent to a queue.

        Raises:
            ReceiptHandleIsInvalid: it is none, or another queue's.
        """
        try:
            raw = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise ReceiptHandleIsInvalid(text) from error
        content, checksum = raw[:-_CHECKSUM_BYTES], raw[-_CHECKSUM_BYTES:]
        if len(content) != _LAYOUT.size or zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "big") != checksum:
            raise ReceiptHandleIsInvalid(text)
        mark, found_queue, message, receives = _LAYOUT.unpack(content)
        if mark != _MARK or found_queue != queue:
            raise ReceiptHandleIsInvalid(text)
        return cls(queue, message, receives)
