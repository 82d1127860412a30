"""Who may do what: passwords, challenges, and rules per repository that hold in every corner."""

import base64
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import bcrypt
import pytest
from tests.images import Json, build_image, build_index, descriptor, digest_of
from tests.servers import BCRYPT_ROUNDS, HomeportProcess
from tests.wire import Client, with_query

IMAGE = build_image()
LAYER = digest_of(IMAGE.blobs[1])
RULES = """
registry:
  groups:
    crew: [crewman]
  access:
    - {repositories: ["**"], users: [captain], actions: [pull, push, delete]}
    - {repositories: ["crew/**"], groups: [crew], actions: [pull, push]}
    - {repositories: ["shared/*"], users: ["*"], actions: [pull]}
    - {repositories: ["public/**"], users: [anonymous], actions: [pull]}
"""
Start = Callable[[Mapping[str, str]], HomeportProcess]


class TestPasswords:
    """Basic authentication, RFC 7617."""

    def test_a_guest_is_told_how_to_log_in(self, guest: Client) -> None:
        response = guest.get("/v2/")

        assert response.status == 401
        assert response.header("WWW-Authenticate").startswith("Basic realm=")
        assert response.header("Docker-Distribution-Api-Version") == "registry/2.0"
        assert response.problem().code == "UNAUTHORIZED"

    @pytest.mark.parametrize(
        ("method", "target"),
        [
            ("GET", "/v2/_catalog"),
            ("GET", "/v2/{name}/tags/list"),
            ("GET", "/v2/{name}/manifests/latest"),
            ("HEAD", "/v2/{name}/manifests/latest"),
            ("PUT", "/v2/{name}/manifests/latest"),
            ("DELETE", "/v2/{name}/manifests/latest"),
            ("GET", f"/v2/{{name}}/blobs/{LAYER}"),
            ("HEAD", f"/v2/{{name}}/blobs/{LAYER}"),
            ("DELETE", f"/v2/{{name}}/blobs/{LAYER}"),
            ("POST", "/v2/{name}/blobs/uploads/"),
            ("POST", f"/v2/{{name}}/blobs/uploads/?mount={LAYER}&from={{name}}"),
            ("POST", f"/v2/{{name}}/blobs/uploads/?digest={LAYER}"),
            ("GET", "/v2/{name}/blobs/uploads/019b76da-a800-7000-8000-000000000001"),
            ("PATCH", "/v2/{name}/blobs/uploads/019b76da-a800-7000-8000-000000000001"),
            ("PUT", "/v2/{name}/blobs/uploads/019b76da-a800-7000-8000-000000000001"),
            ("DELETE", "/v2/{name}/blobs/uploads/019b76da-a800-7000-8000-000000000001"),
            ("GET", f"/v2/{{name}}/referrers/{LAYER}"),
        ],
    )
    def test_every_endpoint_asks_a_guest_for_a_password(
        self, registry: Client, guest: Client, name: str, method: str, target: str
    ) -> None:
        registry.push_image(name, IMAGE, "latest")

        response = guest.request(method, target.format(name=name))

        assert response.status == 401
        assert "Basic" in response.header("WWW-Authenticate")

    @pytest.mark.parametrize(
        "value",
        [
            "Basic",
            "Basic !!!",
            "Basic " + base64.b64encode(b"no colon").decode(),
            "Basic " + base64.b64encode(b":").decode(),
            "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(),
            "Basic " + base64.b64encode(b"captain:" + b"x" * 6000).decode(),
            "Digest username=captain",
            "Bearer eyJhbGciOiJub25lIiwiandrIjp7Imt0eSI6Im9jdCIsImsiOiJBIn19.eyJhY2Nlc3MiOltdfQ.",
            "\xff",
        ],
        ids=range(9),
    )
    def test_credentials_that_are_none_are_401(self, guest: Client, value: str) -> None:
        """One of them is the token of CVE-2025-24976: signed by a key that it brings along."""
        response = guest.request("GET", "/v2/", headers={"Authorization": value})

        assert response.status in {400, 401}
        assert response.problem().code

    def test_a_wrong_password_is_401_and_the_right_one_still_works(self, registry: Client, guest: Client) -> None:
        assert guest.as_user(registry.user, "wrong").get("/v2/").status == 401
        assert guest.as_user("nobody", registry.password).get("/v2/").status == 401
        assert registry.get("/v2/").status == 200

    def test_the_scheme_is_read_in_any_case(self, registry: Client) -> None:
        """RFC 9110, 11.1."""
        value = registry.authorization().get("Authorization", "").replace("Basic", "bAsIc")

        assert registry.anonymous().request("GET", "/v2/", headers={"Authorization": value}).status == 200

    def test_guessing_is_throttled(self, homeport: Start) -> None:
        """A guesser is slowed down; 429 says so with Retry-After, and a right password elsewhere is let in."""
        client = homeport({}).client()
        guesser = client.as_user(client.user, "a guess")

        statuses = [guesser.as_user(client.user, f"guess {number}").get("/v2/").status for number in range(40)]

        assert set(statuses) <= {401, 429}
        assert 429 in statuses


class TestAnonymousPull:
    """The setting that lets everybody pull."""

    def test_everybody_may_pull_and_nobody_else_push(self, homeport: Start) -> None:
        client = homeport({"registry.anonymous_pull": "true"}).client()
        client.push_image("open/image", IMAGE, "v1")
        guest = client.anonymous()

        assert guest.get_manifest("open/image", "v1").body == IMAGE.manifest
        assert guest.get(f"/v2/open/image/blobs/{LAYER}").body == IMAGE.blobs[1]
        assert guest.get("/v2/open/image/tags/list").strings("tags") == ["v1"]
        assert guest.post("/v2/open/image/blobs/uploads/").status == 401
        assert guest.put_manifest("open/image", "v2", IMAGE.manifest).status == 401
        assert guest.delete("/v2/open/image/manifests/v1").status == 401

    def test_the_base_still_says_how_to_log_in(self, homeport: Start) -> None:
        """Clients learn there, and only there, that there is something to log in to: podman push, docker login."""
        guest = homeport({"registry.anonymous_pull": "true"}).client().anonymous()

        base = guest.get("/v2/")

        assert base.status == 401
        assert base.header("WWW-Authenticate").startswith('Bearer realm="http://127.0.0.1:')

    def test_empty_credentials_are_a_guest(self, homeport: Start) -> None:
        """podman and skopeo send an empty name and password where they were asked and have none."""
        client = homeport({"registry.anonymous_pull": "true"}).client()
        client.push_image("open/image", IMAGE, "v1")
        nobody = {"Authorization": "Basic " + base64.b64encode(b":").decode()}

        pulled = client.anonymous().request("GET", "/v2/open/image/manifests/v1", headers=nobody)
        pushed = client.anonymous().request("POST", "/v2/open/image/blobs/uploads/", headers=nobody)

        assert (pulled.status, pushed.status) == (200, 401)

    def test_a_wrong_password_is_not_taken_for_a_guest(self, homeport: Start) -> None:
        client = homeport({"registry.anonymous_pull": "true"}).client()

        assert client.as_user(client.user, "wrong").get("/v2/").status == 401


@pytest.fixture
def ruled(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[HomeportProcess]:
    """A Homeport with users, groups and rules; not yet started."""
    if request.config.getoption("--endpoint"):
        pytest.skip("needs a Homeport with settings of its own")
    config = tmp_path / "homeport.yml"
    config.write_text(RULES)
    server = HomeportProcess.on(tmp_path / "data", arguments=["--config", str(config)])
    write_users(server, "captain", "crewman", "stranger")
    yield server
    server.stop()


def write_users(server: HomeportProcess, *users: str) -> None:
    """An htpasswd file in which everybody has the server's password."""
    htpasswd = server.data_dir / "auth" / "htpasswd"
    for directory in (server.data_dir, htpasswd.parent):
        directory.mkdir(mode=0o700, exist_ok=True)
    hashed = bcrypt.hashpw(server.password.encode(), bcrypt.gensalt(BCRYPT_ROUNDS)).decode()
    htpasswd.write_text("".join(f"{user}:{hashed}\n" for user in users))


class TestRules:
    """`registry.access`: users and groups x patterns x actions."""

    @pytest.fixture
    def people(self, ruled: HomeportProcess) -> Mapping[str, Client]:
        """Everybody, at a registry with an image in each kind of repository."""
        captain = ruled.start().client()
        for name in ("crew/image", "shared/image", "private/image", "public/image"):
            captain.push_image(name, IMAGE, "v1")
        people = {user: captain.as_user(user, captain.password) for user in ("captain", "crewman", "stranger")}
        return {**people, "guest": captain.anonymous()}

    @pytest.mark.parametrize(
        ("who", "readable"),
        [
            ("captain", {"crew/image", "shared/image", "private/image", "public/image"}),
            ("crewman", {"crew/image", "shared/image", "public/image"}),
            ("stranger", {"shared/image", "public/image"}),
        ],
    )
    def test_everybody_sees_what_the_rules_say(
        self, people: Mapping[str, Client], who: str, readable: set[str]
    ) -> None:
        """Catalog, tags, manifests, blobs and referrers agree."""
        client = people[who]
        every = {"crew/image", "shared/image", "private/image", "public/image"}

        assert set(client.get("/v2/_catalog").strings("repositories")) == readable
        for name in every:
            statuses = {
                client.get(f"/v2/{name}/tags/list").status,
                client.get_manifest(name, "v1").status,
                client.head(f"/v2/{name}/manifests/{IMAGE.digest}").status,
                client.get(f"/v2/{name}/blobs/{LAYER}").status,
                client.head(f"/v2/{name}/blobs/{LAYER}").status,
                client.get(f"/v2/{name}/referrers/{IMAGE.digest}").status,
            }
            assert statuses == {200} if name in readable else statuses <= {401, 403, 404}

    def test_a_guest_sees_the_public_alone(self, people: Mapping[str, Client]) -> None:
        guest = people["guest"]

        assert guest.get_manifest("public/image", "v1").body == IMAGE.manifest
        assert guest.get_manifest("shared/image", "v1").status == 401
        assert guest.get_manifest("private/image", "v1").status == 401

    def test_pages_of_the_catalog_count_what_one_may_see(self, people: Mapping[str, Client]) -> None:
        found = people["crewman"].get("/v2/_catalog?n=2")

        assert found.strings("repositories") == ["crew/image", "public/image"]
        assert "private" not in (found.headers["Link"] or "")

    @pytest.mark.parametrize(
        ("who", "name", "status"),
        [
            ("captain", "private/new", {202}),
            ("crewman", "crew/new", {202}),
            ("crewman", "shared/new", {401, 403}),
            ("stranger", "crew/new", {401, 403}),
            ("stranger", "public/new", {401, 403}),
            ("guest", "public/new", {401}),
        ],
    )
    def test_pushing_needs_the_right_to_push(
        self, people: Mapping[str, Client], who: str, name: str, status: set[int]
    ) -> None:
        assert people[who].post(f"/v2/{name}/blobs/uploads/").status in status

    def test_deleting_needs_the_right_to_delete(self, people: Mapping[str, Client]) -> None:
        crewman = people["crewman"]

        statuses = {
            crewman.delete("/v2/crew/image/manifests/v1").status,
            crewman.delete(f"/v2/crew/image/manifests/{IMAGE.digest}").status,
            crewman.delete(f"/v2/crew/image/blobs/{LAYER}").status,
        }

        assert statuses == {403}
        assert people["captain"].delete("/v2/crew/image/manifests/v1").status == 202

    @pytest.mark.parametrize("source", ["crew/image", "shared/image", "private/image", "no/where"])
    @pytest.mark.parametrize("right", ["captain", "crewman"])
    def test_gitea_22226_a_mount_needs_the_right_to_pull_its_source(
        self, people: Mapping[str, Client], right: str, source: str
    ) -> None:
        """Right x source x existence: without the right it looks exactly as if there were no such blob."""
        may = source != "no/where" and (right == "captain" or source != "private/image")

        response = people[right].post(f"/v2/crew/mounted/blobs/uploads/?mount={LAYER}&from={source}")

        assert response.status == (201 if may else 202)

    def test_cve_2024_39897_a_digest_alone_opens_nothing(self, people: Mapping[str, Client]) -> None:
        """GHSA-55r9-5mx9-qq7r: who knows a digest must not get the blob, nor learn whether there is one."""
        secret = b"only in the private repository"
        digest = people["captain"].push_blob("private/image", secret)
        crewman = people["crewman"]

        assert crewman.head(f"/v2/crew/image/blobs/{digest}").status == 404
        assert crewman.post(f"/v2/crew/image/blobs/uploads/?mount={digest}").status == 202
        assert crewman.post(f"/v2/crew/image/blobs/uploads/?mount={digest}&from=private/image").status == 202
        assert crewman.get(f"/v2/crew/image/blobs/{digest}").status == 404
        location = crewman.start_upload("crew/image")
        closed = crewman.put(with_query(location, digest=digest))
        assert closed.problem().code == "DIGEST_INVALID"

    def test_cve_2024_39897_a_manifest_cannot_pull_foreign_blobs_in(self, people: Mapping[str, Client]) -> None:
        secret = b"a config of the private repository"
        digest = people["captain"].push_blob("private/image", secret)
        entry: Json = descriptor("application/vnd.oci.image.config.v1+json", secret)
        index = build_index([entry])

        response = people["crewman"].put_manifest(
            "crew/image", "thief", index, "application/vnd.oci.image.index.v1+json"
        )

        assert response.problem().code in {"MANIFEST_BLOB_UNKNOWN", "MANIFEST_UNKNOWN"}
        assert people["crewman"].get(f"/v2/crew/image/blobs/{digest}").status == 404

    def test_a_session_of_another_user_is_closed_to_those_without_the_right(self, people: Mapping[str, Client]) -> None:
        location = people["captain"].start_upload("private/image")

        response = people["stranger"].patch(location, b"foreign")

        assert response.status in {401, 403, 404}
        assert people["captain"].get(location).header("Range") == "0-0"

    def test_cve_2025_23208_who_leaves_a_group_loses_its_rights(self, ruled: HomeportProcess) -> None:
        """GHSA-c9p4-xwr9-rfhx: zot only ever added groups."""
        crewman = ruled.start().client().as_user("crewman", ruled.password)
        assert crewman.post("/v2/crew/new/blobs/uploads/").status == 202
        config = Path(ruled.arguments[1])
        config.write_text(config.read_text().replace("crew: [crewman]", "crew: [captain]"))
        ruled.stop()

        crewman = ruled.restart().client().as_user("crewman", ruled.password)

        assert crewman.post("/v2/crew/new/blobs/uploads/").status == 403

    def test_a_user_taken_out_of_the_file_is_out_at_once(self, ruled: HomeportProcess) -> None:
        captain = ruled.start().client()
        stranger = captain.as_user("stranger", captain.password)
        assert stranger.get("/v2/").status == 200

        write_users(ruled, "captain")

        assert stranger.get("/v2/").status == 401
        assert captain.get("/v2/").status == 200
