"""What a soak of the jobs found, and whether it may be so."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from tests.support.claim_log import Orphan, orphans

LONGEST_ORPHAN_SECONDS = 30.0

_ENDS = "SELECT id, status, error FROM jobs WHERE kind LIKE 'tests.%'"
_EFFECTS = "SELECT job_id, count(*) AS times FROM effects GROUP BY job_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`waits`: seconds from the kill of a worker until each of its jobs was taken up, where Redis was there all the
    time; `waits_without_redis`: the others, counted from when Redis was back."""

    jobs: int
    seconds: float
    is_settled: bool
    lost: int
    dead: Sequence[str]
    doubled: int
    without_effect: int
    kills: int
    never_taken_up: int
    waits: Sequence[float]
    waits_without_redis: Sequence[float]
    lost_by_the_living: int

    @property
    def is_whole(self) -> bool:
        """Whether every job was done, once."""
        return self.is_settled and self.lost + self.doubled + self.without_effect + self.never_taken_up == 0

    @property
    def longest_orphan_seconds(self) -> float:
        return max((*self.waits, *self.waits_without_redis), default=0.0)

    @property
    def holds(self) -> bool:
        return self.is_whole and self.longest_orphan_seconds <= LONGEST_ORPHAN_SECONDS

    def table(self) -> str:
        rows = [
            ("jobs committed", str(self.jobs)),
            ("seconds until the last had ended", f"{self.seconds:.0f}"),
            ("lost (not succeeded)", str(self.lost)),
            ("of these dead", f"{len(self.dead)} {sorted(set(self.dead)) or ''}"),
            ("succeeded without an effect", str(self.without_effect)),
            ("doubled effects", str(self.doubled)),
            ("workers killed", str(self.kills)),
            ("orphans, seconds until taken up", _spread(self.waits)),
            ("orphans while Redis was away, from its return", _spread(self.waits_without_redis)),
            ("orphans never taken up", str(self.never_taken_up)),
            ("leases that a living worker lost", str(self.lost_by_the_living)),
        ]
        return "\n".join(f"{name:<48} {value}" for name, value in rows)


async def report(
    url: str,
    *,
    committed: Sequence[UUID],
    killed: Mapping[str, float],
    away: Sequence[tuple[float, float]],
    is_settled: bool,
    seconds: float,
) -> Report:
    connection = await asyncpg.connect(url)
    try:
        ends = {row["id"]: row for row in await connection.fetch(_ENDS)}
        effects = {row["job_id"]: row["times"] for row in await connection.fetch(_EFFECTS)}
    finally:
        await connection.close()
    found, lost_by_the_living = await orphans(url, killed)
    succeeded = {job_id for job_id, row in ends.items() if row["status"] == "succeeded"}
    taken_up = [orphan for orphan in found if orphan.taken_up_at is not None]
    waits = [_wait(orphan, away) for orphan in taken_up]
    return Report(
        jobs=len(committed),
        seconds=seconds,
        is_settled=is_settled,
        lost=len(set(committed) - succeeded),
        dead=[str(row["error"]) for row in ends.values() if row["status"] == "dead"],
        doubled=sum(times > 1 for times in effects.values()),
        without_effect=len(succeeded - set(effects)),
        kills=len(killed),
        never_taken_up=len(found) - len(taken_up),
        waits=[seconds for seconds, had_redis in waits if had_redis],
        waits_without_redis=[seconds for seconds, had_redis in waits if not had_redis],
        lost_by_the_living=lost_by_the_living,
    )


def _wait(orphan: Orphan, away: Sequence[tuple[float, float]]) -> tuple[float, bool]:
    """How long it was left alone, and whether Redis was there all the time."""
    assert orphan.taken_up_at is not None
    since, had_redis = orphan.killed_at, True
    for begin, end in away:
        if begin < orphan.taken_up_at and end > orphan.killed_at:
            since, had_redis = max(since, end), False
    return max(0.0, orphan.taken_up_at - since), had_redis


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "none"
    return f"{len(values)}: median {statistics.median(values):.1f}, most {max(values):.1f}"
