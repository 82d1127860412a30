"""Tokens where guests may pull: docker, podman and containerd fetch one before they do anything else."""

import base64
import json
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import pytest
from tests.images import build_image
from tests.servers import HomeportProcess
from tests.wire import Client

Start = Callable[[Mapping[str, str]], HomeportProcess]
IMAGE = build_image()


@pytest.fixture
def client(homeport: Start) -> Client:
    """The user of a registry that everybody may pull from."""
    client = homeport({"registry.anonymous_pull": "true"}).client()
    client.push_image("open/image", IMAGE, "v1")
    return client


def realm_of(client: Client) -> str:
    """The path of the token endpoint, as the base's challenge names it."""
    challenge = client.anonymous().get("/v2/").header("WWW-Authenticate")
    return urlsplit(challenge.split('realm="')[1].split('"')[0]).path


def token_of(client: Client) -> str:
    """A token for these credentials."""
    response = client.get(f"{realm_of(client)}?service=x&scope=repository:open/image:pull,push&account=captain")
    assert response.status == 200
    answer = json.loads(response.body)
    assert answer["token"] == answer["access_token"]
    assert answer["expires_in"] >= 60
    return str(answer["token"])


def status(client: Client, method: str, path: str, token: str) -> int:
    """What somebody with this token gets."""
    return client.anonymous().request(method, path, headers={"Authorization": f"Bearer {token}"}).status


def test_a_guests_token_pulls_and_does_not_push(client: Client) -> None:
    token = token_of(client.anonymous())

    assert status(client, "GET", "/v2/", token) == 200
    assert status(client, "GET", "/v2/open/image/manifests/v1", token) == 200
    assert status(client, "POST", "/v2/open/image/blobs/uploads/", token) == 401


def test_a_users_token_may_what_the_user_may(client: Client) -> None:
    token = token_of(client)

    assert status(client, "POST", "/v2/open/image/blobs/uploads/", token) == 202
    assert status(client, "DELETE", "/v2/open/image/manifests/v1", token) == 202


def test_the_schemes_case_does_not_matter(client: Client) -> None:
    """RFC 9110, 11.1."""
    authorization = {"Authorization": f"bearer {token_of(client)}"}

    assert client.anonymous().request("GET", "/v2/private/image/tags/list", headers=authorization).status == 404


def test_wrong_credentials_get_no_token(client: Client) -> None:
    response = client.as_user(client.user, "wrong").get(realm_of(client))

    assert response.status == 401
    assert response.problem().code == "UNAUTHORIZED"


@pytest.mark.parametrize("token", ["", "x", "AAAA", "=" * 50, base64.urlsafe_b64encode(b"\0" * 64).decode(), "ä" * 40])
def test_a_token_that_is_none_of_ours_is_401(client: Client, token: str) -> None:
    sent = token.encode().decode("latin-1")

    assert status(client, "GET", "/v2/open/image/manifests/v1", sent) == 401


def test_a_token_cannot_be_made_to_name_another_user(client: Client) -> None:
    raw = bytearray(base64.urlsafe_b64decode(token_of(client.anonymous())))
    forged = bytes(raw).replace(b'[""', b'["captain"')

    assert status(client, "GET", "/v2/", base64.urlsafe_b64encode(forged).decode()) == 401


def test_the_challenge_names_what_is_missing(client: Client) -> None:
    challenge = client.anonymous().post("/v2/open/image/blobs/uploads/").header("WWW-Authenticate")

    assert 'scope="repository:open/image:pull,push"' in challenge


def test_posting_for_a_token_is_405_so_that_containerd_gets_it(client: Client) -> None:
    assert client.post(realm_of(client)).status == 405


def test_where_nothing_is_open_the_challenge_is_basic_and_there_are_no_tokens(homeport: Start) -> None:
    client = homeport({}).client()

    assert client.anonymous().get("/v2/").header("WWW-Authenticate").startswith("Basic realm=")
    assert client.get("/v2/_homeport/token").status == 401
