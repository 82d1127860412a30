"""What every suite shares: which registry the wire-level tests speak to."""

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options of `tests/spec`, here because pytest reads options only from the topmost conftest."""
    group = parser.getgroup("registry under test")
    group.addoption("--endpoint", default="", help="URL of a running registry; without it a fresh Homeport is started")
    group.addoption("--user", default="", help="user at --endpoint")
    group.addoption("--password", default="", help="that user's password")
    group.addoption("--cacert", default="", help="file with the CA that signed --endpoint's certificate")
