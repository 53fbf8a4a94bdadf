"""Tries the tests of the circuit breaker on mutants of it, prints who survived, and fails when too many did.

What is mutated and which tests are tried stands in `[tool.mutmut]` of pyproject.toml. Nothing is remembered from
earlier runs: mutmut would not try a survivor again when only the tests changed.
"""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

MUTMUT = Path(sys.executable).with_name("mutmut")
MUTANTS = Path("mutants")
ENOUGH_PERCENT = 90.0
LONGEST_RUN_SECONDS = 15 * 60


def mutmut(*arguments: str) -> str:
    command = [MUTMUT, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - of our own making


def try_all() -> None:
    shutil.rmtree(MUTANTS, ignore_errors=True)
    subprocess.run([MUTMUT, "run"], check=True, timeout=LONGEST_RUN_SECONDS)  # noqa: S603 - see above


def verdicts() -> dict[str, str]:
    """What became of each mutant that no test killed, by its name."""
    return dict(re.findall(r"^ +(\S+): (.+)$", mutmut("results"), re.MULTILINE))


def counts() -> dict[str, int]:
    mutmut("export-cicd-stats")
    found: dict[str, int] = json.loads((MUTANTS / "mutmut-cicd-stats.json").read_text(encoding="utf-8"))
    return found


def main() -> int:
    try_all()
    count, others = counts(), verdicts()
    for name, verdict in others.items():
        # A mutant that hangs its tests would not pass them either.
        sys.stdout.write(f"\n{name}: timeout\n" if verdict == "timeout" else f"\n{mutmut('show', name)}")
    killed, total = count["killed"] + count["timeout"], count["total"]
    percent = 100 * killed / total
    sys.stdout.write(
        f"\n{killed} of {total} mutants killed ({count['timeout']} of them by a time-out), "
        f"{total - killed} survived: {percent:.1f} % (at least {ENOUGH_PERCENT:.0f} %)\n"
    )
    return int(percent < ENOUGH_PERCENT)


if __name__ == "__main__":
    sys.exit(main())
