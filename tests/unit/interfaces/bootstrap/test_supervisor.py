"""The process that stays beside the server."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("package", ["sqlalchemy", "redis", "litestar", "dramatiq"])
def test_the_supervisor_of_serve_loads_nothing_that_only_the_server_needs(package: str) -> None:
    program = f"import sys, interfaces.bootstrap.cli; print({package!r} in sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert loaded.strip() == "False"
