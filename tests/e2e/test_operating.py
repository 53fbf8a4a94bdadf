"""The lines that docs/operating.md shows work as they are written."""

import json
import os
import re
import subprocess
from pathlib import Path

from tests.support.product import ADMIN, Product

DOCUMENT = Path(__file__).parents[2] / "docs" / "operating.md"


def test_the_lines_for_operators_work_as_written(embedded: Product) -> None:
    (script,) = re.findall(r"^```bash\n(.*?)^```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    environment = {
        "PATH": os.environ["PATH"],
        "API": f"http://127.0.0.1:{embedded.ports[0]}",
        "DATA_DIR": str(embedded.data_dir),
        "ADMIN_EMAIL": ADMIN[0],
        "ADMIN_PASSWORD": ADMIN[1],
    }
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    lines = done.stdout.splitlines()
    health, ready, metrics, breakers, outbox, alerts, jobs, statistics, projection, reset, cleared = lines
    assert (ready, cleared, outbox.split()[0]) == ("204", "204", "tailtribe_outbox_age_seconds")
    wanted = {
        health: "checks",
        metrics: "health",
        breakers: "items",
        alerts: "items",
        jobs: "items",
        statistics: "gmv",
        projection: "roiPercent",
        reset: "items",
    }
    assert [line for line, field in wanted.items() if field not in json.loads(line)] == []
