import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.kernel.clock import Millis, from_datetime
from homeport.kernel.log_human import HumanLines
from homeport.kernel.log_lines import JsonLines, LineFormat, Request
from homeport.kernel.secret import Secret

AT = Millis(from_datetime(datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) + 6)
PASSWORD = "correct-horse-battery"

keys = st.text(max_size=8)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3) | st.tuples(inner, inner),
    max_leaves=10,
)


@pytest.fixture(params=["json", "human", "coloured"])
def lines(request: pytest.FixtureRequest) -> LineFormat:
    if request.param == "json":
        return JsonLines()
    return HumanLines(colour=request.param == "coloured")


def request(path: str = "/v2/", status: int = 200, user: str = "alice") -> Request:
    return Request("GET", path, status, 0.0123456, 10, 2_500_000, "127.0.0.1:9", user, "id-1")


def test_an_event_is_a_json_object_with_its_fields() -> None:
    line = JsonLines().event(AT, "info", "blob stored", {"size_bytes": 3, "digest": "sha256:1", "parts": [1, None]})

    assert json.loads(line) == {
        "time": "2026-01-02T03:04:05.006Z",
        "level": "info",
        "event": "blob stored",
        "size_bytes": 3,
        "digest": "sha256:1",
        "parts": [1, None],
    }


def test_a_field_cannot_replace_time_level_or_event() -> None:
    line = JsonLines().event(AT, "info", "it", {"level": "error", "time": 0})

    assert json.loads(line)["level"] == "info"
    assert json.loads(line)["time"] == "2026-01-02T03:04:05.006Z"


def test_times_follow_the_clock_from_second_to_second() -> None:
    lines = JsonLines()

    times = [json.loads(lines.event(Millis(AT + more), "info", "it", {}))["time"] for more in (0, 993, 994, 0)]

    assert [time[17:] for time in times] == ["05.006Z", "05.999Z", "06.000Z", "05.006Z"]


def test_a_request_is_a_json_object_with_units_in_its_names() -> None:
    line = JsonLines().request(AT, request())

    assert json.loads(line) == {
        "time": "2026-01-02T03:04:05.006Z", "level": "info", "event": "request", "method": "GET", "path": "/v2/",
        "status": 200, "duration_ms": 12.346, "received_bytes": 10, "sent_bytes": 2_500_000, "peer": "127.0.0.1:9",
        "user": "alice", "request_id": "id-1",
    }  # fmt: skip


def test_a_request_is_a_short_line_for_people() -> None:
    line = HumanLines(colour=False).request(AT, request(user=""))

    assert line[12:] == " 200     GET /v2/ 12.3ms in=10B out=2.4MiB - 127.0.0.1:9 id-1"


def test_an_event_is_a_short_line_for_people() -> None:
    line = HumanLines(colour=False).event(AT, "warning", "disk is filling", {"free": 3, "path": "/a b", "tags": ["x"]})

    assert line[12:] == ' warning disk is filling free=3 path="/a b" tags=["x"]'


def test_only_the_coloured_form_has_colours() -> None:
    plain, coloured = HumanLines(colour=False), HumanLines(colour=True)

    assert "\x1b" not in plain.event(AT, "error", "it", {}) + plain.request(AT, request(status=500))
    assert "\x1b[31merror" in coloured.event(AT, "error", "it", {})
    assert "\x1b[31m500" in coloured.request(AT, request(status=500))


@pytest.mark.parametrize(
    "fields",
    [
        {"authorization": PASSWORD},
        {"Proxy-Authorization": f"Basic {PASSWORD}"},
        {"headers": {"Cookie": PASSWORD, "Accept": "*/*"}},
        {"headers": [("AUTHORIZATION", PASSWORD)]},
        {"headers": [(b"set-cookie", PASSWORD.encode())]},
        {"deep": {"er": [{"user_password": PASSWORD}]}},
        {"session_token": [PASSWORD]},
        {"user": Secret(PASSWORD)},
        {"users": [Secret(PASSWORD), {"a": Secret(PASSWORD)}]},
        {"note": f"sent Authorization: Bearer {PASSWORD}"},
        {"url": f"https://alice:{PASSWORD}@host/v2/"},
        {"error": ValueError(f"cannot read http://alice:{PASSWORD}@host")},
    ],
)
def test_secrets_never_appear(lines: LineFormat, fields: dict[str, object]) -> None:
    line = lines.event(AT, "error", "it happened", fields)

    assert PASSWORD not in line
    assert "********" in line


@given(secret=st.text(min_size=6).map("\x00".join), value=values)
def test_no_value_brings_a_secret_beside_it_to_light(secret: str, value: object) -> None:
    fields = {"value": [value, Secret(secret), {"Authorization": secret}, {"password": [value, secret]}]}

    json_line = JsonLines().event(AT, "info", "it", fields)

    assert secret not in str(json.loads(json_line)["value"][1:])


@given(fields=st.dictionaries(keys, values, max_size=4), event=st.text())
def test_every_event_is_one_json_line(fields: dict[str, object], event: str) -> None:
    line = JsonLines().event(AT, "info", event, fields)

    assert "\n" not in line
    assert json.loads(line)["level"] == "info"


@given(fields=st.dictionaries(st.from_regex(r"[a-z_]+", fullmatch=True), values, max_size=4), event=st.text())
def test_nothing_that_a_terminal_obeys_gets_into_a_human_line(fields: dict[str, object], event: str) -> None:
    line = HumanLines(colour=False).event(AT, "info", event, fields)

    assert line.isprintable()


@given(path=st.text(), user=st.text())
def test_who_chooses_a_path_cannot_forge_a_line(path: str, user: str) -> None:
    asked = request(path=path, user=user)

    assert HumanLines(colour=False).request(AT, asked).isprintable()
    assert "\n" not in JsonLines().request(AT, asked)
    assert json.loads(JsonLines().request(AT, asked))["path"] == path


def test_a_path_of_raw_bytes_is_logged_too() -> None:
    path = b"/v2/\xff".decode(errors="surrogateescape")

    line = JsonLines().request(AT, request(path=path))

    assert json.loads(line)["path"] == path


def test_an_errors_traceback_is_logged_with_it(lines: LineFormat) -> None:
    try:
        int("no number\x1b here")
    except ValueError as error:
        line = lines.event(AT, "error", "it failed", {"error": error})
        quiet = lines.event(AT, "warning", "it failed", {"error": error})

    assert "ValueError: invalid literal" in line
    assert "test_an_errors_traceback_is_logged_with_it" in line
    assert "number\x1b" not in line
    assert "Traceback" not in quiet


def test_long_texts_are_cut_and_deep_ones_stop() -> None:
    deep: list[object] = []
    deep.append(deep)

    line = json.loads(JsonLines().event(AT, "info", "it", {"long": "x" * 100_000, "deep": deep}))

    assert len(line["long"]) < 20_000
    assert str(line["deep"]).count("[") < 10
