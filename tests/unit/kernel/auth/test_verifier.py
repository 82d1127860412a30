"""Credentials against the password file."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import bcrypt
import pytest

from homeport.kernel.auth.basic import Credentials, format_basic
from homeport.kernel.auth.htpasswd import HtpasswdError
from homeport.kernel.auth.passwords import hash_password
from homeport.kernel.auth.principal import Principal
from homeport.kernel.auth.throttle import BURST, REFILL_SECONDS
from homeport.kernel.auth.userfile import add_user, change_password, remove_user
from homeport.kernel.auth.verifier import MAX_REMEMBERED, REMEMBER_SECONDS, Rejected, Throttled, Verifier
from homeport.kernel.auth.watch import UserFileNotice
from homeport.kernel.clock import FakeClock

CLIENT = "192.0.2.1"
STRANGER = "198.51.100.1"
ANNA = Principal("anna", frozenset({"admins"}))
BOB = Principal("bob", frozenset())
WRONG = Rejected("wrong")
MALFORMED = Rejected("malformed")


class World:
    """A password file with anna (dear hash) and bob (cheap one), and a verifier that counts what it computes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.clock = FakeClock()
        self.notices: list[UserFileNotice] = []
        self.costs: list[int] = []
        self.hashing = threading.Semaphore(0)
        self.at_once = 0
        self.most_at_once = 0
        self.go_on = threading.Event()
        self.go_on.set()
        add_user(path, "anna", "right", cost=6)
        add_user(path, "bob", "secret", cost=4)
        self.verifier = Verifier(
            path, self.clock, groups={"admins": ["anna"]}, notify=self.notices.append, work=self._work
        )

    def _work(self, password: bytes, salt: bytes) -> bytes:
        self.costs.append(int(salt[4:6]))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        self.hashing.release()
        assert self.go_on.wait(30)
        self.at_once -= 1
        return bcrypt.hashpw(password, salt)

    async def until_hashing(self) -> None:
        """Wait until one more password is in bcrypt."""
        assert await asyncio.to_thread(self.hashing.acquire, timeout=30)

    async def check(self, name: str, password: str, client: str = CLIENT) -> object:
        return await self.verifier.check(header(name, password), client)


def header(name: str, password: str) -> str:
    return format_basic(Credentials(name, password))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "htpasswd")
    yield world
    world.go_on.set()
    world.verifier.close()


async def test_the_right_password_gives_the_user_with_groups(world: World) -> None:
    assert await world.check("anna", "right") == ANNA
    assert await world.check("bob", "secret") == BOB


async def test_wrong_ones_and_unknown_users_are_rejected_alike(world: World) -> None:
    assert await world.check("anna", "wrong") == WRONG
    assert await world.check("nobody", "right") == WRONG
    assert await world.check("bob", "right") == WRONG
    assert await world.check("", "") == WRONG


@pytest.mark.parametrize("value", ["", "Basic", "Basic %%%", "Bearer abc", "Basic \udcff", "Basic " + "QUFB" * 2000])
async def test_what_is_no_basic_header_is_rejected_without_work(world: World, value: str) -> None:
    assert world.verifier.cached(value) is None
    assert await world.verifier.check(value, CLIENT) == MALFORMED
    assert not world.costs


async def test_a_login_form_s_words_are_checked_like_a_header_s(world: World) -> None:
    assert await world.verifier.verify("anna", "right", CLIENT) == ANNA
    assert await world.verifier.verify("anna", "wrong", CLIENT) == WRONG
    assert await world.verifier.verify("anna:x", "right", CLIENT) == MALFORMED
    assert await world.verifier.verify("anna", "\ud800", CLIENT) == MALFORMED
    assert await world.verifier.verify("anna", "a\0b", CLIENT) == MALFORMED


async def test_right_credentials_are_hashed_once_in_ten_minutes(world: World) -> None:
    assert world.verifier.cached(header("anna", "right")) is None
    assert await world.check("anna", "right") == ANNA

    world.clock.advance(seconds=REMEMBER_SECONDS - 0.001)
    assert world.verifier.cached(header("anna", "right")) == ANNA
    assert await world.check("anna", "right") == ANNA
    assert world.costs == [6]
    world.clock.advance(seconds=0.001)
    assert world.verifier.cached(header("anna", "right")) is None
    assert await world.check("anna", "right") == ANNA
    assert world.costs == [6, 6]


async def test_another_spelling_of_the_same_credentials_is_not_hashed_again(world: World) -> None:
    await world.check("anna", "right")

    spelled = header("anna", "right").replace("Basic ", "basic  ")
    assert await world.verifier.check(spelled, CLIENT) == ANNA
    assert world.costs == [6]


async def test_wrong_credentials_are_never_remembered(world: World) -> None:
    for _ in range(3):
        assert await world.check("bob", "wrong") == WRONG
        assert world.verifier.cached(header("bob", "wrong")) is None

    assert len(world.costs) == 3 * 3


async def test_eight_connections_with_the_same_credentials_cost_one_bcrypt(world: World) -> None:
    outcomes = await asyncio.gather(*(world.check("anna", "right") for _ in range(8)))

    assert outcomes == [ANNA] * 8
    assert world.costs == [6]


async def test_a_client_that_goes_away_does_not_take_the_answer_from_the_others(world: World) -> None:
    world.go_on.clear()
    first = asyncio.create_task(world.check("anna", "right"))
    second = asyncio.create_task(world.check("anna", "right"))
    await world.until_hashing()

    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    world.go_on.set()

    assert await second == ANNA
    assert first.cancelled()
    assert world.costs == [6]


async def test_no_more_than_two_passwords_are_hashed_at_once(world: World) -> None:
    world.go_on.clear()
    checks = [asyncio.create_task(world.check("bob", f"guess-{number}", f"192.0.2.{number}")) for number in range(6)]
    await world.until_hashing()
    await world.until_hashing()
    world.go_on.set()

    assert await asyncio.gather(*checks) == [WRONG] * 6
    assert world.most_at_once == 2


async def test_an_unknown_user_costs_as_much_as_the_dearest_known_one(world: World) -> None:
    """No rounds more and none less: the time of an answer does not tell who exists."""
    rounds = []
    for name in ("nobody", "anna", "bob"):
        world.costs.clear()
        assert await world.check(name, "wrong") == WRONG
        rounds.append(sum(1 << cost for cost in world.costs))

    assert rounds == [1 << 6] * 3


async def test_without_any_user_a_check_still_costs_something(tmp_path: Path) -> None:
    path = tmp_path / "empty"
    path.touch()
    costs: list[int] = []

    def work(_password: bytes, salt: bytes) -> bytes:
        costs.append(int(salt[4:6]))
        return b""

    verifier = Verifier(path, FakeClock(), work=work)
    assert await verifier.check(header("anna", "right"), CLIENT) == WRONG
    assert costs == [10]
    verifier.close()


async def test_a_changed_file_counts_at_once(world: World) -> None:
    await world.check("anna", "right")
    await world.check("bob", "secret")
    change_password(world.path, "anna", "new", cost=4)
    add_user(world.path, "carl", "third", cost=4)

    assert world.verifier.cached(header("anna", "right")) is None
    assert await world.check("anna", "right") == WRONG
    assert await world.check("anna", "new") == ANNA
    assert await world.check("carl", "third") == Principal("carl", frozenset())
    assert [notice.users for notice in world.notices] == [2, 3]


async def test_who_did_not_change_is_still_remembered_after_a_neighbour_did(world: World) -> None:
    await world.check("bob", "secret")
    change_password(world.path, "anna", "new", cost=4)
    world.costs.clear()

    assert world.verifier.cached(header("bob", "secret")) == BOB
    assert not world.costs


async def test_a_removed_user_is_out_within_a_second(world: World) -> None:
    await world.check("bob", "secret")
    remove_user(world.path, "bob")

    assert world.verifier.cached(header("bob", "secret")) is None
    assert await world.check("bob", "secret") == WRONG


async def test_a_user_removed_while_the_password_is_hashed_does_not_get_in(world: World) -> None:
    world.go_on.clear()
    check = asyncio.create_task(world.check("bob", "secret"))
    await world.until_hashing()

    remove_user(world.path, "bob")
    world.verifier.cached("")
    world.go_on.set()

    assert await check == WRONG
    assert world.verifier.cached(header("bob", "secret")) is None


async def test_a_file_changed_in_place_with_its_old_time_and_size_is_seen(world: World) -> None:
    before = world.path.stat()
    content = world.path.read_text().splitlines()
    content[1] = "bob:" + hash_password("other", 4)
    world.path.write_text("\n".join(content) + "\n")
    os.utime(world.path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert world.path.stat().st_size == before.st_size

    assert await world.check("bob", "other") == BOB


@pytest.mark.parametrize("broken", ["half a line", "bob:$2y$04$short", None])
async def test_a_broken_or_missing_file_leaves_the_users_of_before_and_is_told_once(
    world: World, broken: str | None
) -> None:
    await world.check("bob", "secret")
    content = world.path.read_text()
    world.path.unlink()
    if broken is not None:
        world.path.write_text(broken)

    for _ in range(3):
        assert world.verifier.cached(header("bob", "secret")) == BOB
    assert await world.check("anna", "right") == ANNA
    assert [notice.problem is None for notice in world.notices] == [True, False]
    assert str(world.path) in (world.notices[-1].problem or "")

    world.path.write_text(content.splitlines()[0] + "\n")
    assert world.verifier.cached(header("bob", "secret")) is None
    assert world.notices[-1] == UserFileNotice(1)


def test_a_bad_file_at_the_start_is_the_operator_s_problem(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    path.write_text("# fine\nbad\n")

    with pytest.raises(HtpasswdError, match="line 2"):
        Verifier(path, FakeClock())


async def test_new_groups_count_for_who_is_logged_in(world: World) -> None:
    await world.check("bob", "secret")

    world.verifier.regroup({"users": ["anna", "bob"], "others": ["nobody"]})

    assert world.verifier.cached(header("bob", "secret")) == Principal("bob", frozenset({"users"}))


async def test_after_ten_wrong_passwords_a_client_is_told_to_wait(world: World) -> None:
    for number in range(BURST):
        assert await world.check("anna", f"guess-{number}") == WRONG
    world.costs.clear()

    assert await world.check("anna", "right") == Throttled(int(REFILL_SECONDS))
    assert await world.check("nobody", "guess") == Throttled(int(REFILL_SECONDS))
    assert not world.costs
    world.clock.advance(seconds=1)
    assert await world.check("anna", "right") == Throttled(int(REFILL_SECONDS - 1))
    world.clock.advance(seconds=REFILL_SECONDS - 1)
    assert await world.check("anna", "right") == ANNA


async def test_parallel_guesses_are_counted_before_the_first_is_known_to_be_wrong(world: World) -> None:
    outcomes = await asyncio.gather(*(world.check("anna", f"guess-{number}") for number in range(3 * BURST)))

    assert outcomes.count(WRONG) == BURST
    assert sum(isinstance(outcome, Throttled) for outcome in outcomes) == 2 * BURST


async def test_strangers_guesses_do_not_lock_out_who_is_logged_in_or_was_there_before(world: World) -> None:
    await world.check("anna", "right")
    for number in range(2 * BURST):
        await world.check("anna", f"guess-{number}", STRANGER)

    assert world.verifier.cached(header("anna", "right")) == ANNA
    assert await world.check("anna", "right", "203.0.113.7") == ANNA
    world.clock.advance(seconds=REMEMBER_SECONDS)
    for number in range(2 * BURST):
        await world.check("anna", f"guess-{number}", STRANGER)
    assert isinstance(await world.check("anna", "right", STRANGER), Throttled)
    assert await world.check("anna", "right") == ANNA


async def test_unknown_users_are_throttled_like_known_ones(world: World) -> None:
    for number in range(BURST):
        await world.check("nobody", f"guess-{number}", f"192.0.2.{number}")

    assert isinstance(await world.check("nobody", "guess", STRANGER), Throttled)


async def test_what_is_remembered_is_bounded_and_the_longest_unused_goes_first(tmp_path: Path) -> None:
    path = tmp_path / "htpasswd"
    shared = hash_password("pw", 4)
    path.write_text("".join(f"user-{number}:{shared}\n" for number in range(MAX_REMEMBERED + 1)))
    verifier = Verifier(path, FakeClock(), work=lambda _password, salt: salt)

    for number in range(MAX_REMEMBERED):
        await verifier.check(header(f"user-{number}", "pw"), CLIENT)
    assert verifier.cached(header("user-0", "pw")) is not None
    await verifier.check(header(f"user-{MAX_REMEMBERED}", "pw"), CLIENT)

    assert verifier.cached(header("user-0", "pw")) is not None
    assert verifier.cached(header("user-1", "pw")) is None
    assert len(verifier._remembered) == MAX_REMEMBERED
    verifier.close()


async def test_no_password_is_held_in_what_is_remembered(world: World) -> None:
    await world.check("bob", "secret")

    held = repr(world.verifier._remembered)
    assert "secret" not in held
    assert header("bob", "secret").removeprefix("Basic ") not in held
