"""What a process has done before anybody asks."""

from pathlib import Path
from uuid import uuid4

from tests.e2e.conftest import UNLIMITED
from tests.support.databases import create_database, drop_database
from tests.support.product import Product
from tests.support.servers import RedisProcess, redis_binary


def test_whoever_comes_first_finds_the_front_page_loaded(
    tmp_path: Path, postgres_server: str, postgres_template: str
) -> None:
    name = f"e2e_{uuid4().hex[:8]}"
    redis = RedisProcess(redis_binary())
    redis.start()
    environment = {"DATABASE_URL": create_database(postgres_server, name, template=postgres_template)}
    product = Product(tmp_path, UNLIMITED | environment | {"REDIS_URL": f"redis://127.0.0.1:{redis.port}/0"})
    try:
        product.start()
        assert product.client().get("/api/home").headers["x-cache"] == "hit"
    finally:
        product.stop()
        redis.stop()
        drop_database(postgres_server, name)
