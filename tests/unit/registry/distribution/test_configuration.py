from pathlib import Path

import pytest

from homeport.kernel.config import ConfigError
from homeport.kernel.http.address import TcpAddress, UnixAddress
from homeport.registry.distribution.configuration import DistributionConfig, find_configuration, load_configuration
from homeport.registry.distribution.document import DistributionConfigError
from homeport.registry.distribution.durations import parse_duration

CLASSIC = """
version: 0.1
log:
  fields:
    service: registry
storage:
  cache:
    blobdescriptor: inmemory
  filesystem:
    rootdirectory: /var/lib/registry
http:
  addr: :5000
  headers:
    X-Content-Type-Options: [nosniff]
health:
  storagedriver:
    enabled: true
    interval: 10s
    threshold: 3
"""
SMALLEST = "version: 0.1\nstorage: filesystem\n"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return tmp_path / "config.yml"


def load(config: Path, text: str, **environment: str) -> DistributionConfig:
    config.write_text(text)
    return load_configuration(config, environment)


def refused(config: Path, text: str, **environment: str) -> str:
    with pytest.raises((DistributionConfigError, ConfigError)) as caught:
        load(config, text, **environment)
    return caught.value.message


def test_the_file_of_the_official_image_means_what_it_means_there_and_needs_no_word(config: Path) -> None:
    found = load(config, CLASSIC)

    assert found.settings.listen_registry == (TcpAddress("", 5000),)
    assert found.settings.listen_debug == ()
    assert found.settings.listen_aws == ()
    assert found.settings.registry_root == Path("/var/lib/registry")
    assert found.settings.data_dir == Path("/var/lib/registry/_homeport/server")
    assert not found.settings.registry_delete
    assert not found.settings.registry_read_only
    assert not found.settings.registry_relative_urls
    assert found.settings.tls_mode == "off"
    assert found.settings.registry_upload_expiry_seconds == 168 * 3600
    assert found.settings.registry_headers == {"X-Content-Type-Options": ("nosniff",)}
    assert found.settings.registry_auth == "none"
    assert found.settings.registry_catalog_max == 1000
    assert found.notices == ()


def test_version_and_storage_are_enough(config: Path) -> None:
    assert load(config, SMALLEST).settings.registry_root == Path("/var/lib/registry")


def test_everything_that_is_supported_reaches_its_setting(config: Path) -> None:
    found = load(
        config,
        """
        version: 0.1
        log: {level: warn, formatter: json}
        storage:
          filesystem: {rootdirectory: /data, maxthreads: 100}
          delete: {enabled: true}
          maintenance:
            uploadpurging: {enabled: true, age: 1h30m, interval: 24h, dryrun: false}
            readonly: {enabled: yes}
        auth: {htpasswd: {realm: My registry, path: /auth/htpasswd}}
        http:
          addr: 127.0.0.1:5443
          host: https://registry.lan/
          relativeurls: true
          draintimeout: 60s
          tls: {certificate: /c.pem, key: /k.pem}
          debug: {addr: ':5001', prometheus: {enabled: true, path: /metrics}}
        catalog: {maxentries: 50}
        tags: {maxtags: 60}
        """,
    )
    settings = found.settings

    assert (settings.log_level, settings.log_format) == ("warning", "json")
    assert settings.registry_root == Path("/data")
    assert settings.registry_delete
    assert settings.registry_read_only
    assert settings.registry_upload_expiry_seconds == 5400
    assert (settings.registry_realm, settings.registry_htpasswd) == ("My registry", Path("/auth/htpasswd"))
    assert settings.listen_registry == (TcpAddress("127.0.0.1", 5443),)
    assert settings.listen_debug == (TcpAddress("", 5001),)
    assert settings.registry_public_url == "https://registry.lan"
    assert settings.registry_relative_urls
    assert settings.http_drain_seconds == 60
    assert (settings.tls_mode, settings.tls_certificate, settings.tls_key) == ("on", Path("/c.pem"), Path("/k.pem"))
    assert found.settings.registry_auth == "htpasswd"
    assert (settings.registry_catalog_max, settings.registry_tags_max) == (50, 60)
    assert found.notices == ()


def test_a_unix_socket_is_listened_on(config: Path) -> None:
    found = load(config, SMALLEST + "http: {net: unix, addr: /run/registry.sock}")

    assert found.settings.listen_registry == (UnixAddress("/run/registry.sock"),)


def test_purging_that_is_off_keeps_uploads_for_ever(config: Path) -> None:
    off = "version: 0.1\nstorage: {filesystem: {}, maintenance: {uploadpurging: {enabled: false}}}"

    assert load(config, off).settings.registry_upload_expiry_seconds > 50 * 365 * 86400


# Environment


def test_variables_go_over_the_file(config: Path) -> None:
    found = load(
        config,
        CLASSIC,
        REGISTRY_HTTP_ADDR="0.0.0.0:5001",
        REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY="/mnt/r",
        REGISTRY_STORAGE_DELETE_ENABLED="true",
        REGISTRY_LOG_LEVEL="debug",
    )

    assert found.settings.listen_registry == (TcpAddress("0.0.0.0", 5001),)
    assert found.settings.registry_root == Path("/mnt/r")
    assert found.settings.registry_delete
    assert found.settings.log_level == "debug"
    assert found.notices == ()


def test_a_bare_word_stands_for_a_section_and_its_parts_follow_by_name(config: Path) -> None:
    """REGISTRY_AUTH sorts before REGISTRY_AUTH_HTPASSWD_PATH."""
    found = load(
        config,
        "version: 0.1\n",
        REGISTRY_AUTH_HTPASSWD_REALM="r",
        REGISTRY_AUTH_HTPASSWD_PATH="/h",
        REGISTRY_AUTH="htpasswd",
        REGISTRY_STORAGE="filesystem",
    )

    assert found.settings.registry_auth == "htpasswd"
    assert found.settings.registry_htpasswd == Path("/h")


def test_header_names_with_dashes_and_their_own_case_are_variables_too(config: Path) -> None:
    """As the README of Joxit's registry UI shows it."""
    found = load(
        config,
        CLASSIC,
        **{
            "REGISTRY_HTTP_HEADERS_Access-Control-Allow-Origin": "[http://ui]",
            "REGISTRY_HTTP_HEADERS_X-CONTENT-TYPE-OPTIONS": "[none]",
        },
    )

    assert found.settings.registry_headers == {
        "X-Content-Type-Options": ("none",),
        "access-control-allow-origin": ("http://ui",),
    }


def test_values_are_read_as_yaml(config: Path) -> None:
    found = load(config, SMALLEST, REGISTRY_HTTP_HEADERS="{X-A: [b, c]}", REGISTRY_HTTP_DEBUG="{addr: 'localhost:1'}")

    assert found.settings.registry_headers == {"X-A": ("b", "c")}
    assert found.settings.listen_debug == (TcpAddress("localhost", 1),)


def test_lists_are_indexed_and_grow_by_one(config: Path) -> None:
    """registry:3; 2.8 cannot."""
    message = refused(config, SMALLEST, REGISTRY_HTTP_TLS_CLIENTCAS_0="/ca.pem")
    assert message.startswith("http.tls.clientcas")

    message = refused(config, SMALLEST, REGISTRY_HTTP_TLS_CLIENTCAS_1="/ca.pem")
    assert "0 entries" in message


def test_go_s_own_field_names_are_what_variables_use(config: Path) -> None:
    """`health.file` is called FileCheckers there."""
    found = load(config, SMALLEST, REGISTRY_HEALTH_FILECHECKERS_0_FILE="/x", REGISTRY_HEALTH_FILE="/y")

    assert {notice.subject for notice in found.notices} == {"health.file", "REGISTRY_HEALTH_FILE"}


@pytest.mark.parametrize("name", ["REGISTRY_NONSENSE", "REGISTRY_HTTP_NONSENSE", "REGISTRY_HTTP_addr", "REGISTRY_"])
def test_a_variable_that_nothing_answers_to_is_told_and_ignored(config: Path, name: str) -> None:
    found = load(config, SMALLEST, **{name: "x"})

    assert [notice.subject for notice in found.notices] == [name]


def test_a_variable_below_a_plain_value_is_told_and_ignored(config: Path) -> None:
    found = load(config, CLASSIC, REGISTRY_HTTP_ADDR_X="1", REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY_X="1")

    assert len(found.notices) == 2
    assert found.settings.registry_root == Path("/var/lib/registry")


@pytest.mark.parametrize(
    "name",
    [
        *("REGISTRY_PORT", "REGISTRY_SERVICE_HOST", "REGISTRY_SERVICE_PORT", "REGISTRY_SERVICE_PORT_HTTP"),
        *("REGISTRY_PORT_5000_TCP", "REGISTRY_PORT_5000_TCP_ADDR", "REGISTRY_AUTH_PORT", "REGISTRY_AUTH_SERVICE_HOST"),
        *("REGISTRY_STORAGE_PORT_80_TCP_PROTO", "REGISTRY_CONFIGURATION_PATH"),
    ],
)
def test_what_kubernetes_sets_for_a_service_is_no_configuration(config: Path, name: str) -> None:
    """A Service named registry-auth keeps registry:2 from starting."""
    assert load(config, CLASSIC, **{name: "tcp://10.0.0.1:5000"}).notices == ()


def test_a_second_driver_from_a_variable_is_refused(config: Path) -> None:
    assert "filesystem and s3" in refused(config, CLASSIC, REGISTRY_STORAGE_S3_BUCKET="b")


# What is not supported


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ("auth: {token: {realm: x}}", "auth.token"),
        ("auth: {silly: {realm: x, service: y}}", "auth.silly"),
        ("auth: {htpasswd: {realm: x, path: y}, token: {}}", "auth: exactly one"),
        ("auth: {htpasswd: {path: y}}", "auth.htpasswd.realm"),
        ("auth: {htpasswd: {realm: y}}", "auth.htpasswd.path"),
        ("proxy: {remoteurl: 'https://registry-1.docker.io'}", "proxy.remoteurl"),
        ("http: {prefix: /x/}", "http.prefix"),
        ("http: {net: udp}", "http.net"),
        ("http: {tls: {certificate: x}}", "http.tls"),
        ("http: {tls: {clientcas: [x]}}", "http.tls.clientcas"),
        ("http: {tls: {letsencrypt: {cachefile: x}}}", "http.tls.letsencrypt"),
        ("http: {addr: 'nonsense'}", "listen.registry"),
        ("http: {headers: {'X Y': [a]}}", "registry.headers"),
        ('http: {headers: {X: ["a\\r\\nSet-Cookie: b"]}}', "registry.headers"),
        ("http: {draintimeout: soon}", "http.draintimeout"),
        ("log: {level: loud}", "log.level"),
        ("log: {formatter: xml}", "log.formatter"),
        ("catalog: {maxentries: many}", "catalog.maxentries"),
    ],
)
def test_what_would_be_dangerous_to_ignore_is_an_error(config: Path, section: str, named: str) -> None:
    assert named in refused(config, SMALLEST + section)


@pytest.mark.parametrize(
    "storage",
    ["{s3: {bucket: b}}", "{gcs: {}}", "{azure: {}}", "{swift: {}}", "inmemory", "{}", "{filesystem: {}, s3: {}}"],
)
def test_any_driver_but_filesystem_is_an_error(config: Path, storage: str) -> None:
    assert refused(config, f"version: 0.1\nstorage: {storage}").startswith("storage")


@pytest.mark.parametrize(
    "text", ["", "version: 0.2\nstorage: filesystem", "storage: filesystem", "- x", "a: [", "\tx: y"]
)
def test_what_is_no_configuration_is_an_error(config: Path, text: str) -> None:
    refused(config, text)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DistributionConfigError, match="No such file"):
        load_configuration(tmp_path / "none.yml", {})


@pytest.mark.parametrize(
    ("section", "named"),
    [
        ("notifications: {endpoints: [{name: x, url: y}]}", "notifications.endpoints"),
        ("redis: {addr: 'x:1'}", "redis"),
        ("middleware: {storage: [{name: cloudfront}]}", "middleware"),
        ("reporting: {bugsnag: {apikey: x}}", "reporting"),
        ("compatibility: {schema1: {enabled: true}}", "compatibility.schema1.enabled"),
        ("log: {accesslog: {disabled: true}}", "log.accesslog.disabled"),
        ("log: {fields: {environment: prod}}", "log.fields"),
        ("validation: {manifests: {urls: {allow: [x]}}}", "validation.manifests"),
        ("health: {tcp: [{addr: x}]}", "health.tcp"),
        ("http: {debug: {addr: ':1', prometheus: {path: /m}}}", "http.debug.prometheus.path"),
        ("http: {h2c: {enabled: true}}", "http.h2c.enabled"),
        ("nonsense: 1", "nonsense"),
        ("http: {adress: x}", "http.adress"),
    ],
)
def test_what_can_be_ignored_is_told(config: Path, section: str, named: str) -> None:
    assert [notice.subject for notice in load(config, SMALLEST + section).notices] == [named]


@pytest.mark.parametrize(
    "section", ["compatibility: {schema1: {enabled: false}}", "http: {secret: x, http2: {disabled: true}}", "redis: {}"]
)
def test_what_changes_nothing_needs_no_word(config: Path, section: str) -> None:
    assert load(config, SMALLEST + section).notices == ()


# Homeport's own


def test_our_own_section_may_set_what_registry_2_has_no_word_for(config: Path) -> None:
    found = load(
        config,
        SMALLEST
        + """
homeport:
  durability: power
  registry:
    anonymous_pull: true
    access:
      - {repositories: ['public/**'], users: [anonymous], actions: [pull]}
""",
    )

    assert found.settings.durability == "power"
    assert found.settings.registry_anonymous_pull
    assert found.settings.registry_access[0].repositories == ("public/**",)
    assert found.notices == ()


def test_our_own_variables_win(config: Path) -> None:
    found = load(config, SMALLEST, HOMEPORT_LISTEN_REGISTRY="127.0.0.1:7", HOMEPORT_DATA_DIR="/own")

    assert found.settings.listen_registry == (TcpAddress("127.0.0.1", 7),)
    assert found.settings.data_dir == Path("/own")
    assert found.settings.registry_root == Path("/var/lib/registry")


def test_a_mistake_in_our_own_section_is_an_error(config: Path) -> None:
    assert "not a setting" in refused(config, SMALLEST + "homeport: {registry: {acess: []}}")
    assert "expected" in refused(config, SMALLEST + "homeport: {durability: perhaps}")


def test_relative_paths_start_at_the_file(config: Path) -> None:
    found = load(config, "version: 0.1\nstorage: {filesystem: {rootdirectory: data}}")

    assert found.settings.registry_root == config.parent / "data"


def test_anchors_and_merges_are_followed(config: Path) -> None:
    found = load(config, "version: 0.1\nx-common: &a {rootdirectory: /a}\nstorage: {filesystem: {<<: *a}}")

    assert found.settings.registry_root == Path("/a")


def test_the_file_is_the_argument_or_what_the_variable_names() -> None:
    assert find_configuration("a.yml", {"REGISTRY_CONFIGURATION_PATH": "b.yml"}) == Path("a.yml")
    assert find_configuration(None, {"REGISTRY_CONFIGURATION_PATH": "b.yml"}) == Path("b.yml")
    with pytest.raises(DistributionConfigError, match="configuration path unspecified"):
        find_configuration(None, {})


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        *(("168h", 604800.0), ("1h30m", 5400.0), ("500ms", 0.5), ("1.5h", 5400.0), (".5s", 0.5), ("1µs", 1e-6)),
        *(("0", 0.0), ("-1s", -1.0), ("1000000000", 1.0), ("1m0.5s", 60.5), ("10ns", 1e-8)),
    ],
)
def test_durations_are_go_s(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "1d", "h", "1 h", "1h ", "1h30", "x", "--1s", "\u0663s"])
def test_what_go_would_not_take_for_a_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=f"^{text}$"):
        parse_duration(text)
