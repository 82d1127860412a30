"""The password file's text: read as distribution reads it, changed without touching other lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeport.kernel.auth.htpasswd import (
    HtpasswdError,
    UserNameError,
    check_user_name,
    parse_htpasswd,
    with_user,
    without_user,
)
from homeport.kernel.auth.passwords import hash_password

HASH = hash_password("secret", 4)
OTHER = hash_password("other", 5)
user_names = st.text(st.characters(exclude_characters=":"), min_size=1, max_size=20).filter(
    lambda name: name.isprintable() and name == name.strip() and not name.startswith("#")
)


def test_users_are_read_past_comments_blank_lines_and_carriage_returns() -> None:
    content = f"# users\n\n  \t\nanna:{HASH}\r\n  bob:{OTHER}  \n   # the end".encode()

    users = parse_htpasswd(content, source="file")

    assert users.hashes == {"anna": HASH, "bob": OTHER}
    assert users.warnings == ()
    assert users.highest_cost == 5


@pytest.mark.parametrize("minor", ["2a", "2b", "2y"])
def test_every_sort_of_bcrypt_counts(minor: str) -> None:
    password_hash = HASH.replace("2y", minor)

    assert parse_htpasswd(f"anna:{password_hash}".encode(), source="file").hashes == {"anna": password_hash}


@pytest.mark.parametrize(
    "other",
    [
        "$apr1$Nz8J4bB/$9nPqGBsUFqdC5DhhgtKAX0",
        "{SHA}fEqNCco3Yq9h5ZUglD3CZJT4lBs=",
        "rqXexS6ZhobKA",
        "plain",
        "",
        "$2x$",
    ],
)
def test_what_is_hashed_otherwise_never_matches_and_is_warned_of(other: str) -> None:
    users = parse_htpasswd(f"# first\nanna:{other}\nbob:{HASH}".encode(), source="file")

    assert users.hashes == {"bob": HASH}
    assert len(users.warnings) == 1
    assert "line 2" in users.warnings[0]
    assert "'anna'" in users.warnings[0]


def test_the_last_line_of_a_user_counts_and_is_warned_of() -> None:
    """distribution fills a map line by line: registry/auth/htpasswd."""
    users = parse_htpasswd(f"anna:{HASH}\nanna:{OTHER}\n".encode(), source="file")

    assert users.hashes == {"anna": OTHER}
    assert "line 2" in users.warnings[0]


def test_a_later_line_without_bcrypt_shuts_its_user_out() -> None:
    assert parse_htpasswd(f"anna:{HASH}\nanna:!\n".encode(), source="file").hashes == {}


@pytest.mark.parametrize(
    "bad",
    [
        b"no colon",
        b":" + HASH.encode(),
        b"anna:" + HASH[:-1].encode(),
        b"anna:" + HASH.encode() + b":more",
        b"anna:" + HASH.encode() + b"x",
        b"anna:" + HASH.replace("$04$", "$31$").encode(),
        b"anna:" + HASH.replace("$04$", "$03$").encode(),
        b"anna:" + HASH.replace("$04$", "$4$").encode(),
        b"anna:$2y$",
        b"\xff\xfe:x",
    ],
)
def test_a_bad_line_is_told_with_its_number(bad: bytes) -> None:
    with pytest.raises(HtpasswdError) as raised:
        parse_htpasswd(b"# one\n\n" + bad + b"\nbob:" + HASH.encode(), source="/etc/users")

    assert raised.value.line == 3
    assert raised.value.message.startswith("/etc/users, line 3: ")


def test_no_hash_is_shown_in_a_message() -> None:
    with pytest.raises(HtpasswdError) as raised:
        parse_htpasswd(f"anna:{HASH}x".encode(), source="file")

    assert HASH[7:] not in raised.value.message


@given(st.binary(max_size=200))
def test_any_bytes_are_users_or_a_bad_line(content: bytes) -> None:
    try:
        users = parse_htpasswd(content, source="file")
    except HtpasswdError as bad:
        line = bad.line
    else:
        assert users.hashes == {}
        line = 1

    assert 1 <= line <= content.count(b"\n") + 1


def test_a_user_is_changed_in_place_and_all_else_stays_as_it_was() -> None:
    content = f"# first\r\n\nanna:{HASH}\nold:crypt\n# last".encode()

    changed = with_user(content, "anna", OTHER)

    assert changed == f"# first\r\n\nanna:{OTHER}\nold:crypt\n# last\n".encode()


def test_of_a_user_s_lines_the_one_that_counted_is_changed_and_the_others_go() -> None:
    content = f"anna:{HASH}\nbob:{HASH}\nanna:{HASH}\n# end\n".encode()

    assert with_user(content, "anna", OTHER) == f"bob:{HASH}\nanna:{OTHER}\n# end\n".encode()


def test_a_new_user_comes_last_even_behind_a_line_without_an_end() -> None:
    assert with_user(b"# only", "anna", HASH) == f"# only\nanna:{HASH}\n".encode()
    assert with_user(b"", "anna", HASH) == f"anna:{HASH}\n".encode()


def test_a_removed_user_is_gone_with_every_line() -> None:
    content = f"anna:{HASH}\n# anna:{HASH}\nannabel:{HASH}\n anna:plain\n".encode()

    assert without_user(content, "anna") == f"# anna:{HASH}\nannabel:{HASH}\n".encode()


@given(st.dictionaries(user_names, st.sampled_from([HASH, OTHER]), max_size=6))
def test_users_that_were_written_are_read_again(users: dict[str, str]) -> None:
    content = b"# comment\n"
    for name, password_hash in users.items():
        content = with_user(content, name, password_hash)

    assert parse_htpasswd(content, source="file").hashes == users
    for name in users:
        content = without_user(content, name)
    assert content == b"# comment\n"


@pytest.mark.parametrize("name", ["", "a:b", "a\nb", "a\0", "#a", " a", "a ", "a\x7f", "a" * 256, "a\u2028b", "\ud800"])
def test_a_name_that_could_not_log_in_is_refused(name: str) -> None:
    with pytest.raises(UserNameError):
        check_user_name(name)


@pytest.mark.parametrize("name", ["anna", "a.b@c", "a#b", "Jürgen", "a b", "名前"])
def test_other_names_are_taken(name: str) -> None:
    check_user_name(name)
