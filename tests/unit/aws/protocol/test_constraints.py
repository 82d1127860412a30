"""What models demand of requests, in AWS's words."""

from typing import Any

import pytest

from homeport.aws.protocol.constraints import Constraints, validation_message
from homeport.aws.protocol.model import build_model

MODEL = build_model(
    {
        "service": "harbour",
        "metadata": {"protocol": "json"},
        "operations": {},
        "shapes": {
            "Request": {
                "type": "structure",
                "required": ["ShipName"],
                "members": {
                    "ShipName": {"shape": "Name"},
                    "Crew": {"shape": "Crew"},
                    "Kind": {"shape": "Kind"},
                    "Holds": {"shape": "Holds"},
                    "Cargo": {"shape": "Cargo"},
                    "Tender": {"shape": "Request"},
                },
            },
            "Name": {"type": "string", "min": 2, "max": 5, "pattern": "[a-z]+"},
            "Crew": {"type": "list", "member": {"shape": "Sailor"}, "min": 1, "max": 2},
            "Sailor": {"type": "structure", "required": ["Rank"], "members": {"Rank": {"shape": "Rank"}}},
            "Rank": {"type": "integer", "min": 1, "max": 9},
            "Kind": {"type": "string", "enum": ["SLOOP", "BARQUE"]},
            "Holds": {"type": "map", "key": {"shape": "Name"}, "value": {"shape": "Rank"}},
            "Cargo": {"type": "blob", "max": 3},
        },
    }
)


def message(request: dict[str, Any]) -> str:
    return validation_message(Constraints(MODEL).check("Request", request))


def test_nothing_is_wrong_with_a_good_request() -> None:
    good = {
        "ShipName": "ann",
        "Crew": [{"Rank": 1}],
        "Kind": "SLOOP",
        "Holds": {"fore": 2},
        "Cargo": b"tea",
        "Tender": {"ShipName": "dinghy"[:5]},
    }

    assert Constraints(MODEL).check("Request", good) == []


@pytest.mark.parametrize(
    ("request_", "sentence"),
    [
        ({}, "Value null at 'shipName' failed to satisfy constraint: Member must not be null"),
        (
            {"ShipName": "a"},
            "Value 'a' at 'shipName' failed to satisfy constraint: Member must have length greater than or equal to 2",
        ),
        (
            {"ShipName": "abcdef"},
            (
                "Value 'abcdef' at 'shipName' failed to satisfy constraint: "
                "Member must have length less than or equal to 5"
            ),
        ),
        (
            {"ShipName": "ABC"},
            (
                "Value 'ABC' at 'shipName' failed to satisfy constraint: "
                "Member must satisfy regular expression pattern: [a-z]+"
            ),
        ),
        (
            {"ShipName": "ann", "Kind": "RAFT"},
            "Value 'RAFT' at 'kind' failed to satisfy constraint: Member must satisfy enum value set: [SLOOP, BARQUE]",
        ),
        (
            {"ShipName": "ann", "Crew": [{"Rank": 1}, {}]},
            "Value null at 'crew.2.member.rank' failed to satisfy constraint: Member must not be null",
        ),
        (
            {"ShipName": "ann", "Crew": [{"Rank": 10}]},
            (
                "Value '10' at 'crew.1.member.rank' failed to satisfy constraint: "
                "Member must have value less than or equal to 9"
            ),
        ),
        (
            {"ShipName": "ann", "Crew": []},
            "Value '[]' at 'crew' failed to satisfy constraint: Member must have length greater than or equal to 1",
        ),
        (
            {"ShipName": "ann", "Holds": {"fore": 0}},
            (
                "Value '0' at 'holds.fore.member' failed to satisfy constraint: "
                "Member must have value greater than or equal to 1"
            ),
        ),
        (
            {"ShipName": "ann", "Tender": {}},
            "Value null at 'tender.shipName' failed to satisfy constraint: Member must not be null",
        ),
    ],
)
def test_what_is_wrong_is_told_where_it_is(request_: dict[str, Any], sentence: str) -> None:
    assert message(request_) == f"1 validation error detected: {sentence}"


def test_several_are_told_together() -> None:
    told = message({"ShipName": "A", "Cargo": b"spices"})

    assert told.startswith("3 validation errors detected: Value 'A' at 'shipName'")
    assert told.count("; ") == 2
