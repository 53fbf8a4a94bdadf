"""Tries the tests on mutants of what they test, prints who survived, and fails when too many did.

What is mutated and which tests are tried stands in `[tool.mutmut]` of pyproject.toml: the circuit breaker; prices,
refunds, free periods and money; the life of a booking and series. Each is scored apart. Nothing is remembered from
earlier runs: mutmut would not try a survivor again when only the tests changed.

Usage: `python tools/mutation_score.py [breaker | money | bookings]`; all of them without.
"""

import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

MUTMUT = Path(sys.executable).with_name("mutmut")
MUTANTS = Path("mutants")
ENOUGH_PERCENT = 90.0
LONGEST_RUN_SECONDS = 45 * 60
# By what the names of their mutants begin with.
PARTS = {
    "breaker": ("infrastructure.",),
    "money": (
        "domain.bookings.cancellation.",
        "domain.bookings.free_",
        "domain.bookings.pricing.",
        "domain.bookings.promotion.",
        "domain.shared.",
    ),
    "payments": ("domain.payments.",),
    "bookings": ("domain.bookings.booking", "domain.bookings.dispute.", "domain.bookings.series."),
}


def mutmut(*arguments: str) -> str:
    command = [MUTMUT, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - of our own making


def try_all(parts: list[str]) -> None:
    shutil.rmtree(MUTANTS, ignore_errors=True)
    patterns = [f"{beginning}*" for part in parts for beginning in PARTS[part]]
    subprocess.run([MUTMUT, "run", *patterns], check=True, timeout=LONGEST_RUN_SECONDS)  # noqa: S603 - see above


def verdicts(part: str) -> dict[str, str]:
    """What became of each mutant of the part, by its name."""
    every: list[tuple[str, str]] = re.findall(r"^ +(\S+): (.+)$", mutmut("results", "--all", "true"), re.MULTILINE)
    return {name: verdict for name, verdict in every if name.startswith(PARTS[part])}


def is_good_enough(part: str) -> bool:
    found = verdicts(part)
    for name, verdict in found.items():
        # A mutant that hangs its tests would not pass them either.
        if verdict != "killed":
            sys.stdout.write(f"\n{name}: timeout\n" if verdict == "timeout" else f"\n{mutmut('show', name)}")
    count = Counter(found.values())
    killed, total = count["killed"] + count["timeout"], count.total()
    percent = 100 * killed / total
    sys.stdout.write(
        f"\n{part}: {killed} of {total} mutants killed ({count['timeout']} of them by a time-out), "
        f"{total - killed} survived: {percent:.1f} % (at least {ENOUGH_PERCENT:.0f} %)\n"
    )
    return percent >= ENOUGH_PERCENT


def main() -> int:
    parts = sys.argv[1:] or list(PARTS)
    try_all(parts)
    scores = [is_good_enough(part) for part in parts]
    return int(not all(scores))


if __name__ == "__main__":
    sys.exit(main())
