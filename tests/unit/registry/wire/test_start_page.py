"""The start page: where it says that the AWS endpoint is."""

import pytest

from homeport.registry.wire.start_page import _with_host


@pytest.mark.parametrize(
    ("url", "asked", "told"),
    [
        ("http://:4566", "nas.lan:5000", "http://nas.lan:4566"),
        ("http://:4566", "nas.lan", "http://nas.lan:4566"),
        ("https://:4566", "[fd00::1]:5000", "https://[fd00::1]:4566"),
        ("http://:4566", "", "http://localhost:4566"),
        ("http://127.0.0.1:4566", "nas.lan:5000", "http://127.0.0.1:4566"),
        ("https://aws.example.org", "nas.lan:5000", "https://aws.example.org"),
        ("", "nas.lan:5000", ""),
    ],
)
def test_an_endpoint_on_every_interface_has_the_host_that_led_to_the_page(url: str, asked: str, told: str) -> None:
    assert _with_host(url, asked) == told
