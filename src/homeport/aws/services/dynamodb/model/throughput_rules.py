"""What on-demand and warm throughput may be, of tables and of their indexes, in AWS's words."""

from collections.abc import Mapping
from typing import Final

from homeport.aws.services.dynamodb.errors import INVALID, ValidationException
from homeport.aws.services.dynamodb.model.schema import Throughput

UNLIMITED: Final = -1
"""What an update says to take a cap away."""

ON_DEMAND_WARM: Final[Mapping[str, int]] = {"ReadUnitsPerSecond": 12000, "WriteUnitsPerSecond": 4000}
"""What AWS keeps warm for tables on demand."""

_CAPS: Final = ("MaxReadRequestUnits", "MaxWriteRequestUnits")
_INITIAL: Final = (
    "https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html"
    "#on-demand-capacity-mode-initial"
)

Units = Mapping[str, int]


def check_new_caps(caps: Units, billing: str, index: str = "") -> None:
    """Check `OnDemandThroughput` of a new table, or of an index of one."""
    where = f" for index: {index}" if index else ""
    _refuse_caps(caps, billing, f"{where} cannot be specified when table BillingMode is PROVISIONED.")
    _check_range(caps, 1, index)


def check_changed_caps(caps: Units, billing: str, index: str = "") -> None:
    """Check what an update makes of `OnDemandThroughput`."""
    where = f" for index : {index}" if index else ""
    _refuse_caps(caps, billing, f"{where} cannot be specified when the table BillingMode is PROVISIONED")
    _check_range({cap: value for cap, value in caps.items() if value != UNLIMITED}, 1, index)


def _refuse_caps(caps: Units, billing: str, ending: str) -> None:
    for cap in _CAPS:
        if cap in caps and billing == "PROVISIONED":
            raise ValidationException(f"{INVALID}{cap} for OnDemandThroughput{ending}")


def _check_range(caps: Units, least: int, index: str) -> None:
    for cap in _CAPS:
        if caps.get(cap, least) < least:
            where = f"index : {index}" if index else "table"
            raise ValidationException(
                f"{INVALID}Requested {cap} for OnDemandThroughput for {where} is outside of valid range"
            )


def merged_caps(present: Units, changes: Units) -> dict[str, int]:
    """The caps after an update; each member for itself."""
    return {cap: value for cap, value in {**present, **changes}.items() if value != UNLIMITED}


def warm_units(given: Units | None, billing: str, throughput: Throughput) -> dict[str, int]:
    """How much is kept warm: what was asked for, and for the rest what comes by itself."""
    if billing == "PAY_PER_REQUEST":
        initial = dict(ON_DEMAND_WARM)
    else:
        initial = {
            "ReadUnitsPerSecond": throughput.get("ReadCapacityUnits", 0),
            "WriteUnitsPerSecond": throughput.get("WriteCapacityUnits", 0),
        }
    return {unit: max(units, (given or {}).get(unit, 0)) for unit, units in initial.items()}


def check_new_warm(warm: Units, billing: str, throughput: Throughput, index: str = "") -> None:
    """Check `WarmThroughput` of a new table, or of an index of one."""
    for unit, least in warm_units(None, billing, throughput).items():
        if warm.get(unit, least) < least:
            capacity = f"{unit.removesuffix('UnitsPerSecond')}CapacityUnits"
            floor = f"{capacity} of ProvisionedThroughput"
            if billing == "PAY_PER_REQUEST":
                floor = f"initial throughput for OnDemand. See: {_INITIAL}"
            raise ValidationException(f"{_too_low(unit, index)} {floor}")


def check_changed_warm(warm: Units, present: Units, index: str = "") -> None:
    """Refuse to keep less warm than before."""
    for unit, units in present.items():
        if warm.get(unit, units) < units:
            raise ValidationException(
                f"{_too_low(unit, index)} current WarmThroughput, decreasing WarmThroughput is not supported"
            )


def _too_low(unit: str, index: str) -> str:
    where = f"index {index}" if index else "table"
    return f"{INVALID}Requested {unit} for WarmThroughput for {where} is lower than"


def check_differs(present: Throughput, wanted: Throughput, index: str = "") -> None:
    """Refuse a provisioned throughput that is there already."""
    reads, writes = present.get("ReadCapacityUnits", 0), present.get("WriteCapacityUnits", 0)
    if (reads, writes) != (wanted["ReadCapacityUnits"], wanted["WriteCapacityUnits"]):
        return
    what, where = (f"the index {index}", f"index {index}") if index else ("the table", "the table")
    raise ValidationException(
        f"The provisioned throughput for {what} will not change. The requested value equals the current value. "
        f"Current ReadCapacityUnits provisioned for {where}: {reads}. "
        f"Requested ReadCapacityUnits: {wanted['ReadCapacityUnits']}. "
        f"Current WriteCapacityUnits provisioned for {where}: {writes}. "
        f"Requested WriteCapacityUnits: {wanted['WriteCapacityUnits']}. "
        "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits."
    )
