"""What bcrypt is asked to compute, and how much."""

import bcrypt
import pytest

from homeport.kernel.auth.passwords import cost_of, hash_password, matches


class CountedBcrypt:
    """bcrypt that notes what it was asked for: its rounds are the time it takes."""

    def __init__(self) -> None:
        self.costs: list[int] = []

    def __call__(self, password: bytes, salt: bytes) -> bytes:
        self.costs.append(int(salt[4:6]))
        return bcrypt.hashpw(password, salt)

    @property
    def rounds(self) -> int:
        return sum(1 << cost for cost in self.costs)


def test_a_hash_has_the_form_of_apache_s_htpasswd_and_matches_its_password_only() -> None:
    made = hash_password("secret", 4)

    assert made.startswith("$2y$04$")
    assert matches("secret", made, 4)
    assert not matches("Secret", made, 4)
    assert not matches("", made, 4)


@pytest.mark.parametrize("minor", ["2a", "2b", "2y"])
def test_a_hash_matches_whatever_bcrypt_is_called(minor: str) -> None:
    assert matches("sécret", hash_password("sécret", 4).replace("2y", minor), 4)


def test_only_the_first_72_bytes_count() -> None:
    """Go's bcrypt, which distribution has, compares no more of a password."""
    made = hash_password("a" * 80, 4)

    assert matches("a" * 72, made, 4)
    assert matches("a" * 72 + "b", made, 4)
    assert not matches("a" * 71, made, 4)
    assert matches("ä" * 36, hash_password("ä" * 50, 4), 4)


@pytest.mark.parametrize("user_cost", [4, 5, 6, 8])
def test_a_wrong_password_costs_the_same_for_every_user_known_or_not(user_cost: int) -> None:
    known, unknown = CountedBcrypt(), CountedBcrypt()

    assert not matches("wrong", hash_password("right", user_cost), 8, work=known)
    assert not matches("wrong", None, 8, work=unknown)
    assert known.rounds == unknown.rounds == 1 << 8


def test_a_right_password_costs_one_check() -> None:
    counted = CountedBcrypt()

    assert matches("right", hash_password("right", 5), 8, work=counted)
    assert counted.costs == [5]


@pytest.mark.parametrize(
    ("text", "cost"),
    [("$2y$04$" + "." * 53, 4), ("$2y$21$" + "." * 53, None), ("$2y$٠٤$" + "." * 53, None), ("", None)],
)
def test_the_cost_is_read_from_well_formed_hashes_only(text: str, cost: int | None) -> None:
    assert cost_of(text) == cost
