"""What integrators run: Dramatiq's own command on our module."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from uuid import uuid4

from tests.e2e.conftest import UNLIMITED
from tests.support.databases import create_database, drop_database
from tests.support.people import address, register
from tests.support.product import END_SECONDS, Product, eventually


def test_a_stock_dramatiq_command_sends_our_mails(
    tmp_path: Path, postgres_server: str, postgres_template: str, redis_server: str
) -> None:
    name = f"stock_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    environment = UNLIMITED | {"DATABASE_URL": url, "REDIS_URL": f"{redis_server.removesuffix('/0')}/6"}
    product = Product(tmp_path, environment)
    product.start()
    command = [sys.executable, "-m", "dramatiq", "interfaces.bootstrap.worker", "--queues", "money", "mail"]
    worker = subprocess.Popen(
        [*command, "--processes", "1", "--threads", "2"],
        env=os.environ | environment | {"DATA_DIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        email = address("stock")
        register(product, email)
        eventually(lambda: product.mails_to(email), what="the mail")
    finally:
        worker.send_signal(signal.SIGTERM)
        ended = worker.wait(END_SECONDS)
        product.stop()
        drop_database(postgres_server, name)
    assert ended == 0


def test_a_worker_without_redis_says_why_it_will_not_run(tmp_path: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "REDIS_URL"} | {"DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-m", "interfaces.bootstrap.cli", "worker"]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert refused.returncode == 2
    assert "REDIS_URL" in refused.stdout + refused.stderr


def test_production_refuses_every_insecure_default(tmp_path: Path) -> None:
    secure = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": "k" * 40,
        "PUBLIC_URL": "https://tailtribe.example",
        "METRICS_TOKEN": "t" * 20,
    }
    insecure = [
        {"SECRET_KEY": ""},
        {"SECRET_KEY": "short"},
        {"PUBLIC_URL": ""},
        {"PUBLIC_URL": "http://tailtribe.example"},
        {"METRICS_TOKEN": ""},
        {"RATE_LIMIT_API_PER_MINUTE": "0"},
        {"RATE_LIMIT_AUTH_PER_MINUTE": "0"},
        {"RATE_LIMIT_PUBLIC_PER_MINUTE": "0"},
    ]
    command = [sys.executable, "-m", "interfaces.bootstrap.cli", "serve"]
    for change in insecure:
        environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)} | secure | change
        refused = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
        assert refused.returncode == 2, change
        assert next(iter(change)) in refused.stdout + refused.stderr
