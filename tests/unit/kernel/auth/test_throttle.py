"""How often somebody may guess wrong."""

import pytest

from homeport.kernel.auth.throttle import BURST, REFILL_SECONDS, Throttle, whole_seconds
from homeport.kernel.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def throttle(clock: FakeClock) -> Throttle:
    return Throttle(clock)


def drain(throttle: Throttle, client: str, username: str) -> None:
    for _ in range(BURST):
        assert throttle.take(client, username) == 0


def test_after_a_burst_a_client_waits_for_each_further_attempt(throttle: Throttle, clock: FakeClock) -> None:
    for number in range(BURST):
        assert throttle.take("192.0.2.1", f"user-{number}") == 0

    assert throttle.take("192.0.2.1", "another") == REFILL_SECONDS
    clock.advance(seconds=REFILL_SECONDS - 0.001)
    assert throttle.take("192.0.2.1", "another") == pytest.approx(0.001)
    clock.advance(seconds=0.001)
    assert throttle.take("192.0.2.1", "another") == 0
    assert throttle.take("192.0.2.1", "another") == REFILL_SECONDS


def test_a_name_that_many_clients_guess_runs_dry_too(throttle: Throttle) -> None:
    for number in range(BURST):
        assert throttle.take(f"192.0.2.{number}", "anna") == 0

    assert throttle.take("198.51.100.1", "anna") > 0
    assert throttle.take("198.51.100.1", "bob") == 0


def test_a_refused_attempt_takes_nothing(throttle: Throttle) -> None:
    drain(throttle, "192.0.2.1", "anna")

    for _ in range(100):
        assert throttle.take("192.0.2.1", "bob") == REFILL_SECONDS
    assert throttle.take("198.51.100.1", "bob") == 0


def test_right_attempts_cost_nothing(throttle: Throttle) -> None:
    for _ in range(3 * BURST):
        assert throttle.take("192.0.2.1", "anna") == 0
        throttle.give_back("192.0.2.1", "anna")


def test_who_got_in_before_is_not_shut_out_by_strangers(throttle: Throttle) -> None:
    throttle.know("192.0.2.1", "anna")
    drain(throttle, "198.51.100.1", "anna")
    drain(throttle, "192.0.2.1", "bob")

    assert throttle.take("203.0.113.1", "anna") > 0
    assert throttle.take("192.0.2.1", "carl") > 0
    drain(throttle, "192.0.2.1", "anna")
    assert throttle.take("192.0.2.1", "anna") > 0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("::ffff:192.0.2.1", "192.0.2.1", True),
        ("fe80::1%eth0", "fe80::2%eth1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("", "unix", False),
    ],
)
def test_an_ipv6_client_is_its_network(throttle: Throttle, one: str, other: str, *, same: bool) -> None:
    for number in range(BURST):
        assert throttle.take(one, f"user-{number}") == 0

    assert (throttle.take(other, "anna") > 0) is same


def test_strangers_cannot_make_it_remember_without_end(throttle: Throttle) -> None:
    for number in range(20_000):
        throttle.take(f"10.{number >> 8}.{number & 255}.1", f"{number}" * 100)
        throttle.know(f"10.{number >> 8}.{number & 255}.2", "anna")

    assert len(throttle._buckets) == 16384
    assert len(throttle._known_pairs) == 16384


def test_full_buckets_are_forgotten(throttle: Throttle) -> None:
    throttle.take("192.0.2.1", "anna")
    throttle.give_back("192.0.2.1", "anna")

    assert not throttle._buckets


@pytest.mark.parametrize(("wait", "seconds"), [(0.001, 1), (1, 1), (1.001, 2), (30, 30)])
def test_a_wait_is_told_in_whole_seconds_and_never_too_short(wait: float, seconds: int) -> None:
    assert whole_seconds(wait) == seconds
