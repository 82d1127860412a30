"""What every suite shares: time and identifiers that tests wind, and which registry the wire-level tests speak to."""

import pytest

from homeport.kernel.clock import FakeClock
from homeport.kernel.ids import FakeIds


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `tests/spec`, here because pytest reads options only from the topmost conftest."""
    group = parser.getgroup("registry under test")
    group.addoption("--endpoint", default="", help="URL of a running registry; without it a fresh Homeport is started")
    group.addoption("--user", default="", help="user at --endpoint")
    group.addoption("--password", default="", help="that user's password")
    group.addoption("--cacert", default="", help="file with the CA that signed --endpoint's certificate")


@pytest.fixture
def clock() -> FakeClock:
    """A clock that stands still until the test winds it."""
    return FakeClock()


@pytest.fixture
def ids() -> FakeIds:
    """Identifiers that count up from one."""
    return FakeIds()
