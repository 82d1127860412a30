"""How many connections a listener takes, by what the system grants."""

import subprocess
import sys

import pytest

from homeport.kernel.file_limit import connections_that_park


@pytest.mark.parametrize(
    ("files", "connections"), [(256, 1024), (1024, 1024), (4096, 1024), (8192, 5120), (11264, 8192), (1_048_576, 8192)]
)
def test_parked_connections_leave_files_for_others(files: int, connections: int) -> None:
    assert connections_that_park(files) == connections


def test_the_limit_is_raised_as_far_as_the_system_lets() -> None:
    program = (
        "import resource; from homeport.kernel.file_limit import raise_file_limit;"
        "hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1];"
        "hard = 4096 if hard == resource.RLIM_INFINITY else min(hard, 4096);"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)); print(hard, raise_file_limit())"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30)
    hard, raised = told.stdout.split()
    assert raised == hard
