"""Tokens end: with time, with their user, with their user's password."""

from pathlib import Path

import orjson
import pytest

from homeport.kernel.auth.principal import ANONYMOUS, Principal
from homeport.kernel.auth.userfile import add_user, change_password, remove_user
from homeport.kernel.auth.verifier import Verifier
from homeport.kernel.clock import FakeClock
from homeport.registry.wire.tokens import LIFETIME_SECONDS, Tokens

ANNA = Principal("anna", frozenset())


@pytest.fixture
async def tokens(tmp_path: Path, clock: FakeClock) -> Tokens:
    add_user(tmp_path / "htpasswd", "anna", "right", cost=4)
    add_user(tmp_path / "htpasswd", "bob", "secret", cost=4)
    return Tokens(Verifier(tmp_path / "htpasswd", clock), clock)


def header(tokens: Tokens, principal: Principal) -> str:
    body = tokens.issue(principal).body
    assert isinstance(body, bytes)
    return f"Bearer {orjson.loads(body)['token']}"


async def test_a_token_names_its_user(tokens: Tokens) -> None:
    assert tokens.principal(header(tokens, ANNA)) == ANNA
    assert tokens.principal(header(tokens, ANONYMOUS)) == ANONYMOUS


async def test_a_token_ends_with_its_time(tokens: Tokens, clock: FakeClock) -> None:
    anna = header(tokens, ANNA)

    clock.advance(seconds=LIFETIME_SECONDS - 0.001)
    assert tokens.principal(anna) == ANNA
    clock.advance(seconds=0.001)
    assert tokens.principal(anna) is None


async def test_a_token_ends_with_its_users_password(tokens: Tokens, tmp_path: Path) -> None:
    anna = header(tokens, ANNA)

    change_password(tmp_path / "htpasswd", "anna", "new", cost=4)

    assert tokens.principal(anna) is None


async def test_a_token_ends_with_its_user(tokens: Tokens, tmp_path: Path) -> None:
    anna = header(tokens, ANNA)

    remove_user(tmp_path / "htpasswd", "anna")

    assert tokens.principal(anna) is None
