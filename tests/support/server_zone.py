"""A machine whose own clock is in another zone. A module that imports `server_zone` has all its tests run in both."""

import os
import time
from collections.abc import Iterator

import pytest

AUCKLAND = "Pacific/Auckland"


@pytest.fixture(params=["UTC", AUCKLAND], autouse=True)
def server_zone(request: pytest.FixtureRequest) -> Iterator[str]:
    """The zone of the machine, as far as Python is told of it."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = request.param
    time.tzset()
    yield request.param
    if before is None:
        del os.environ["TZ"]
    else:
        os.environ["TZ"] = before
    time.tzset()
