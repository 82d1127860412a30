"""Multipart uploads: limits of parts, and whether the parts that a completion names are those that came."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypedDict

from homeport.aws.api import s3 as api
from homeport.aws.services.s3.errors import (
    EntityTooSmall,
    InvalidArgument,
    InvalidPart,
    InvalidPartOrder,
    InvalidRequest,
    MalformedXml,
)
from homeport.aws.services.s3.model.version import Extra, Head
from homeport.kernel.clock import Millis

LEAST_PART_BYTES: Final = 5 * 1024 * 1024
MOST_PART_BYTES: Final = 5 * 1024 * 1024 * 1024
MOST_PARTS: Final = 10_000
UPLOAD_ID_BYTES: Final = 48
_UPLOAD_ID: Final = re.compile(rf"[0-9a-f]{{{2 * UPLOAD_ID_BYTES}}}")


class Plan(TypedDict, total=False):
    """What CreateMultipartUpload says of the object to be."""

    head: Head
    extra: Extra
    storage_class: str
    algorithm: str
    checksum_type: str
    owner: str
    initiator: str


@dataclass(frozen=True, slots=True)
class Upload:
    """An upload under way."""

    id: str
    row: int
    key: bytes
    initiated: Millis
    plan: Plan

    @property
    def algorithm(self) -> str:
        """Of its parts' checksums; empty if the client asked for none."""
        return self.plan.get("algorithm", "")


@dataclass(frozen=True, slots=True)
class UploadedPart:
    """A part that has come.

    Attributes:
        etag: its MD5 in hexadecimal.
        checksum: of the upload's algorithm, or the default one.
    """

    number: int
    size: int
    etag: str
    algorithm: str
    checksum: str
    modified: Millis
    row: int
    file: str


def may_be_upload_id(identifier: str) -> bool:
    """Whether an upload's id has this form."""
    return _UPLOAD_ID.fullmatch(identifier) is not None


def check_part_number(number: int) -> None:
    """Refuse a number that no part can have.

    Raises:
        InvalidArgument: it is not within 1 and 10,000.
    """
    if not 1 <= number <= MOST_PARTS:
        raise InvalidArgument(
            "Part number must be an integer between 1 and 10000, inclusive", "partNumber", str(number)
        )


def chosen_parts(
    upload: Upload, named: Sequence[api.CompletedPart], uploaded: dict[int, UploadedPart]
) -> list[UploadedPart]:
    """The parts that a completion names, checked against those that came.

    Raises:
        MalformedXml, InvalidRequest: the list is empty or too long.
        InvalidPart, InvalidPartOrder, EntityTooSmall: the parts are others, out of order, or too small.
    """
    if not named:
        raise InvalidRequest("You must specify at least one part")
    if len(named) > MOST_PARTS:
        raise MalformedXml
    chosen: list[UploadedPart] = []
    for item in named:
        number = item.get("PartNumber")
        if number is None:
            raise MalformedXml
        if chosen and number <= chosen[-1].number:
            raise InvalidPartOrder(upload.id)
        chosen.append(_matching(upload, item, number, uploaded))
    for part in chosen[:-1]:
        if part.size < LEAST_PART_BYTES:
            raise EntityTooSmall(part.number, part.size, part.etag, LEAST_PART_BYTES)
    return chosen


def _matching(upload: Upload, item: api.CompletedPart, number: int, uploaded: dict[int, UploadedPart]) -> UploadedPart:
    etag = item.get("ETag", "").strip('"')
    part = uploaded.get(number)
    if part is None or (etag and part.etag != etag):
        raise InvalidPart(upload.id, number, etag)
    told = {name.removeprefix("Checksum"): value for name, value in item.items() if name.startswith("Checksum")}
    for algorithm, value in told.items():
        if algorithm != (upload.algorithm or part.algorithm) or value != part.checksum:
            raise InvalidPart(upload.id, number, etag)
    if upload.algorithm and upload.plan.get("checksum_type") == "COMPOSITE" and not told:
        raise InvalidRequest(
            f"The upload was created using a {upload.algorithm.lower()} checksum. The complete request must include "
            f"the checksum for each part. It was missing for part {number} in the request."
        )
    return part
