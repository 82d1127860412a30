"""Settings from file, environment and flags: who wins, and how a mistake is told."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from homeport.kernel.config import SETTINGS, ConfigError, Loaded, UnknownSettingError, load, load_settings
from homeport.kernel.config.errors import ConfigFileError, ConflictError, InvalidValueError
from homeport.kernel.http.address import TcpAddress

HOME = {"HOME": "/home/someone"}


def loaded_from(folder: Path, text: str, flags: Mapping[str, str] | None = None) -> Loaded:
    file = folder / "config.yaml"
    file.write_text(text, "utf-8")
    return load(file, HOME, flags or {})


def test_a_flag_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("log.level: error\nlog.format: json\ndurability: power\n", "utf-8")

    loaded = load(
        file, {**HOME, "HOMEPORT_LOG_LEVEL": "warning", "HOMEPORT_LOG_FORMAT": "human"}, {"log.level": "debug"}
    )

    assert (loaded.settings.log_level, loaded.settings.log_format, loaded.settings.durability) == (
        "debug",
        "human",
        "power",
    )
    assert loaded.origins == {
        "durability": f"{file}:3",
        "log.format": "HOMEPORT_LOG_FORMAT",
        "log.level": "--log-level",
    }


def test_nothing_said_is_every_default() -> None:
    settings = load_settings(None, HOME, {})

    assert settings.listen_registry == (TcpAddress("127.0.0.1", 5000),)
    assert settings.listen_aws == (TcpAddress("127.0.0.1", 4566),)
    assert settings.data_dir == Path("/home/someone/.local/share/homeport")
    assert load(None, HOME, {}).origins == {}


def test_content_and_users_live_in_the_data_directory_unless_placed_elsewhere(tmp_path: Path) -> None:
    at_home = load_settings(None, HOME, {"data_dir": "/data"})
    elsewhere = loaded_from(tmp_path, "registry: {root: volume, htpasswd: /etc/htpasswd}").settings

    assert (at_home.registry_root, at_home.registry_htpasswd) == (Path("/data/registry"), Path("/data/auth/htpasswd"))
    assert (elsewhere.registry_root, elsewhere.registry_htpasswd) == (tmp_path / "volume", Path("/etc/htpasswd"))


def test_dots_and_levels_of_the_file_say_the_same(tmp_path: Path) -> None:
    dotted = loaded_from(tmp_path, "registry.read_only: yes\ntls.mode: off\n").settings
    nested = loaded_from(tmp_path, "registry:\n  read_only: yes\ntls: {mode: off}\n").settings

    assert dotted == nested
    assert (dotted.registry_read_only, dotted.tls_mode) == (True, "off")


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    assert loaded_from(tmp_path, "# nothing yet\n").origins == {}


def test_an_unknown_key_is_told_with_its_line_and_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(UnknownSettingError) as told:
        loaded_from(tmp_path, "log: {level: debug}\nlisten:\n  regsitry: ':5000'\n")

    assert told.value.message == f"listen.regsitry is not a setting (from {tmp_path}/config.yaml:3)"
    assert told.value.hint == "did you mean listen.registry?"


def test_an_unknown_variable_is_told_with_the_nearest_name() -> None:
    with pytest.raises(UnknownSettingError) as told:
        load(None, {**HOME, "HOMEPORT_DATADIR": "/data"}, {})

    assert told.value.message.startswith("HOMEPORT_DATADIR is not a setting")
    assert told.value.hint == "did you mean HOMEPORT_DATA_DIR?"


def test_a_name_near_to_nothing_gets_no_guess() -> None:
    with pytest.raises(UnknownSettingError) as told:
        load(None, HOME, {"zzzzzzzz": "1"})

    assert told.value.hint == "`homeport config show` lists every setting"


def test_what_kubernetes_says_of_a_service_named_homeport_is_no_setting() -> None:
    """Kubernetes, "Accessing the Service", environment variables of every service in a pod's namespace."""
    links = {
        "HOMEPORT_SERVICE_HOST": "10.43.0.7",
        "HOMEPORT_SERVICE_PORT_REGISTRY": "5000",
        "HOMEPORT_PORT": "tcp://10.43.0.7:5000",
        "HOMEPORT_PORT_5000_TCP_ADDR": "10.43.0.7",
        "HOMEPORT_REGISTRY_SERVICE_HOST": "10.43.0.8",
    }

    assert load(None, {**HOME, **links, "KUBERNETES_SERVICE_HOST": "10.43.0.1"}, {}).origins == {}
    with pytest.raises(UnknownSettingError):
        load(None, {**HOME, **links}, {})


def test_a_wrong_value_is_told_with_key_source_and_expectation(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError) as told:
        loaded_from(tmp_path, "http:\n  drain: soon\n")

    assert told.value.message == (
        "http.drain: expected a duration such as 30s, 10m, 12h, 7d or a number of seconds, got 'soon' "
        f"(from {tmp_path}/config.yaml:2)"
    )


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("log.level", "loud", "one of debug, info, warning or error"),
        ("listen.registry", "nowhere", "addresses such as"),
        ("registry.delete", "perhaps", "true or false"),
        ("http.max_connections", "0", "a whole number above zero"),
        ("data_dir", "", "a path"),
    ],
)
def test_every_kind_of_flag_says_what_it_expects(key: str, text: str, expected: str) -> None:
    with pytest.raises(
        InvalidValueError, match=f"{key}: expected {expected}.*--{key.replace('.', '-').replace('_', '-')}"
    ):
        load(None, HOME, {key: text})


def test_a_wrong_secret_is_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError) as told:
        loaded_from(tmp_path, "password: [hunter2]\n")

    assert "hunter2" not in told.value.message


def test_a_secret_is_not_in_the_repr_of_the_settings() -> None:
    settings = load_settings(None, {**HOME, "HOMEPORT_PASSWORD": "hunter2"}, {})

    assert settings.password.reveal() == "hunter2"
    assert "hunter2" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("- a\n- b\n", "config.yaml:1: expected `key: value` lines"),
        ("log:\n  level: info\nlog.level: debug\n", "config.yaml:3: log.level is already set in line 2"),
        ("listen: {registry: [::1]:5000}\n", "config.yaml:1: this is not YAML"),
        ("tls.names: &a [*a]\n", "config.yaml:1: this is nested too deep"),
    ],
)
def test_a_file_that_cannot_be_meant_is_told_with_its_line(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ConfigFileError) as error:
        loaded_from(tmp_path, text)

    assert told in error.value.message


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigFileError, match=r"missing\.yaml: No such file or directory"):
        load(tmp_path / "missing.yaml", HOME, {})


def test_a_file_that_is_not_text_is_told(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_bytes(b"\xff\xfe")

    with pytest.raises(ConfigFileError, match="it is not UTF-8 text"):
        load(file, HOME, {})


def test_a_certificate_without_a_key_is_refused() -> None:
    with pytest.raises(ConflictError, match=r"tls\.certificate and tls\.key only work together"):
        load(None, HOME, {"tls.certificate": "/etc/tls.crt"})


def test_two_listeners_cannot_have_one_address() -> None:
    with pytest.raises(ConflictError, match=r"listen\.debug: 127\.0\.0\.1:5000 is already taken by listen\.registry"):
        load(None, HOME, {"listen.debug": "127.0.0.1:5000"})


def test_every_listener_may_ask_for_a_free_port() -> None:
    settings = load_settings(None, HOME, {"listen.debug": "127.0.0.1:0", "listen.registry": "127.0.0.1:0"})

    assert settings.listen_registry == settings.listen_debug


def test_every_setting_has_one_name_in_each_place() -> None:
    for row in SETTINGS:
        words = row.key.replace(".", "_")
        assert row.env in {f"HOMEPORT_{words.upper()}", ""}
        assert row.flag in {f"--{words.replace('_', '-')}", ""}
        assert row.help.endswith(".")
    for names in ([row.key for row in SETTINGS], [row.env for row in SETTINGS if row.env]):
        assert len(set(names)) == len(names)


@given(st.text())
def test_whatever_a_file_holds_it_is_settings_or_a_config_error(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "config.yaml")
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            load(file, HOME, {})
        except ConfigError as error:
            assert error.message  # noqa: PT017 - either outcome is right; which one is the file's business


@given(
    st.recursive(
        st.sampled_from(["on", "1", "x", ""]),
        lambda inner: st.dictionaries(
            st.sampled_from(["registry", "listen", "access", "groups", "log", "level", "delete"]), inner, max_size=3
        ),
        max_leaves=8,
    )
)
def test_any_tree_of_sections_is_settings_or_a_config_error(tree: object) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "config.yaml")
        file.write_text(yaml.safe_dump(tree), "utf-8")
        try:
            load(file, HOME, {})
        except ConfigError as error:
            assert error.message  # noqa: PT017 - either outcome is right; which one is the file's business


def test_of_many_rules_the_wrong_one_is_told(tmp_path: Path) -> None:
    text = (
        "registry:\n  access:\n"
        "    - {repositories: ['**'], users: [bob], actions: [pull]}\n"
        "    - {repositories: ['a'], users: [bob], actions: [pul]}\n"
    )

    with pytest.raises(InvalidValueError, match=r"'pul'.* as rule 2 ") as told:
        loaded_from(tmp_path, text)

    assert "'**'" not in told.value.message


def test_a_rule_for_a_group_that_is_not_there_is_refused(tmp_path: Path) -> None:
    rules = "registry.access: [{repositories: ['**'], groups: [opps], actions: [pull]}]\n"

    with pytest.raises(ConflictError, match="the group 'opps', which"):
        loaded_from(tmp_path, rules + "registry.groups: {ops: [bob]}\n")
