"""What a process has done before anybody asks."""

import shutil
from pathlib import Path

from tests.e2e.conftest import UNLIMITED
from tests.support.product import Product


def test_whoever_comes_first_finds_the_front_page_loaded(tmp_path: Path, sqlite_template: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "tailtribe.sqlite3")
    product = Product(tmp_path, UNLIMITED)
    product.start()
    try:
        assert product.client().get("/api/home").headers["x-cache"] == "hit"
    finally:
        product.stop()
