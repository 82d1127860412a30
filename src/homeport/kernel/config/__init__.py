"""Homeport's settings: what there is to set, and how file, environment and flags become one checked value each."""

from homeport.kernel.config.access_rule import AccessRule
from homeport.kernel.config.errors import ConfigError, UnknownSettingError
from homeport.kernel.config.places import default_data_dir, find_config_file
from homeport.kernel.config.sources import Loaded, load, load_settings
from homeport.kernel.config.table import SETTINGS, Setting, Settings

__all__ = [
    "SETTINGS",
    "AccessRule",
    "ConfigError",
    "Loaded",
    "Setting",
    "Settings",
    "UnknownSettingError",
    "default_data_dir",
    "find_config_file",
    "load",
    "load_settings",
]
