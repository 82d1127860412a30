"""Where data and configuration are when nobody says so."""

from pathlib import Path

import pytest

from homeport.kernel.config import default_data_dir, find_config_file

HOME = {"HOME": "/home/someone"}


def test_data_goes_to_the_xdg_data_home() -> None:
    """XDG Base Directory Specification 0.8, section 3."""
    environment = {**HOME, "XDG_DATA_HOME": "/data"}

    assert default_data_dir(environment, platform="linux", uid=1000) == Path("/data/homeport")


def test_without_a_usable_xdg_data_home_it_is_below_the_home_directory() -> None:
    """XDG Base Directory Specification 0.8, section 2: relative paths are to be ignored."""
    for environment in (HOME, {**HOME, "XDG_DATA_HOME": ""}, {**HOME, "XDG_DATA_HOME": "relative"}):
        assert default_data_dir(environment, platform="linux", uid=1000) == Path("/home/someone/.local/share/homeport")


def test_macos_has_its_own_place() -> None:
    expected = Path("/home/someone/Library/Application Support/homeport")

    assert default_data_dir(HOME, platform="darwin", uid=501) == expected


def test_a_root_service_keeps_data_in_var_lib() -> None:
    service = {**HOME, "INVOCATION_ID": "5f5e"}

    assert default_data_dir(service, platform="linux", uid=0) == Path("/var/lib/homeport")
    assert default_data_dir(service, platform="linux", uid=1000) == Path("/home/someone/.local/share/homeport")
    assert default_data_dir(HOME, platform="linux", uid=0) == Path("/home/someone/.local/share/homeport")


def test_the_state_directory_of_a_service_wins() -> None:
    """systemd.exec(5), STATE_DIRECTORY: several directories are separated by colons."""
    service = {"INVOCATION_ID": "5f5e", "STATE_DIRECTORY": "/var/lib/private/homeport:/var/lib/other"}

    assert default_data_dir(service, platform="linux", uid=997) == Path("/var/lib/private/homeport")


def test_the_named_file_is_the_configuration_even_if_it_is_missing() -> None:
    assert find_config_file({**HOME, "HOMEPORT_CONFIG": "/srv/homeport.yaml"}) == Path("/srv/homeport.yaml")


@pytest.mark.parametrize("variable", ["XDG_CONFIG_HOME", "HOME"])
def test_the_users_file_is_found(tmp_path: Path, variable: str) -> None:
    folder = tmp_path if variable == "XDG_CONFIG_HOME" else tmp_path / ".config"
    file = folder / "homeport/config.yaml"
    file.parent.mkdir(parents=True)
    file.touch()

    assert find_config_file({variable: str(tmp_path)}) == file
