"""What the registry's half makes of the settings."""

from pathlib import Path

import pytest

from homeport.kernel.config import Settings
from homeport.kernel.http.address import Address, TcpAddress, UnixAddress
from homeport.registry.app import _own_aws_url


@pytest.mark.parametrize(
    ("addresses", "told"),
    [
        ((TcpAddress("127.0.0.1", 4566),), "http://127.0.0.1:4566"),
        ((UnixAddress("/run/aws.sock"), TcpAddress("", 4570)), "http://:4570"),
        ((TcpAddress("0.0.0.0", 4566),), "http://:4566"),
        ((TcpAddress("::", 4566),), "http://:4566"),
        ((TcpAddress("10.0.0.5", 80),), "http://10.0.0.5:80"),
        ((TcpAddress("127.0.0.1", 0),), ""),
        ((), ""),
    ],
)
def test_the_start_page_tells_of_this_server_s_own_aws_endpoint(
    tmp_path: Path, addresses: tuple[Address, ...], told: str
) -> None:
    assert _own_aws_url(Settings(data_dir=tmp_path, listen_aws=addresses)) == told


def test_where_tls_is_always_spoken_the_start_page_says_https(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, listen_aws=(TcpAddress("", 4566),), tls_mode="on")

    assert _own_aws_url(settings) == "https://:4566"
