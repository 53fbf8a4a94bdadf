"""Who took which job and when, written by the database itself: no worker has to survive to tell.

Every worker needs a role of its own in the database; its name is the worker's.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

import asyncpg

_CREATE = """
CREATE TABLE claim_log (
    job_id uuid NOT NULL,
    lease_id uuid NOT NULL,
    is_claim boolean NOT NULL,
    worker name NOT NULL DEFAULT session_user,
    at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX ON claim_log (job_id, lease_id);
CREATE FUNCTION log_claim() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO claim_log (job_id, lease_id, is_claim)
    VALUES (NEW.id, coalesce(NEW.lease_id, OLD.lease_id), NEW.lease_id IS NOT NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER log_claim AFTER UPDATE ON jobs FOR EACH ROW
    WHEN (OLD.lease_id IS DISTINCT FROM NEW.lease_id) EXECUTE FUNCTION log_claim();
"""
# Claims that their own worker never ended: somebody else set the job free.
_ABANDONED = """
SELECT claim.job_id, claim.worker, (
    SELECT min(next.at) FROM claim_log next
    WHERE next.job_id = claim.job_id AND next.is_claim AND next.at > claim.at
) AS taken_up_at
FROM claim_log claim
WHERE claim.is_claim AND NOT EXISTS (
    SELECT FROM claim_log ended
    WHERE (ended.job_id, ended.lease_id) = (claim.job_id, claim.lease_id)
    AND NOT ended.is_claim AND ended.worker = claim.worker
)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Orphan:
    """A job whose worker was killed while it ran; the times are seconds since the epoch, None: never taken up."""

    job_id: UUID
    killed_at: float
    taken_up_at: float | None


async def create_claim_log(url: str) -> None:
    await _execute(url, _CREATE)


async def url_of_worker(url: str, name: str) -> str:
    """The address of the database for a worker of that name, its role made."""
    await _execute(url, f'CREATE ROLE "{name}" SUPERUSER LOGIN')
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}"))


async def forget_workers(url: str, names: Iterable[str]) -> None:
    """Roles belong to the whole server, which may outlive the test."""
    await _execute(url, " ".join(f'DROP ROLE "{name}";' for name in names))


async def orphans(url: str, killed: Mapping[str, float]) -> tuple[list[Orphan], int]:
    """Of the workers killed at those times; and how many claims a worker lost that was alive."""
    connection: Any = await asyncpg.connect(url)
    try:
        abandoned = await connection.fetch(_ABANDONED)
    finally:
        await connection.close()
    found = [
        Orphan(
            job_id=row["job_id"],
            killed_at=killed[row["worker"]],
            taken_up_at=row["taken_up_at"].timestamp() if row["taken_up_at"] else None,
        )
        for row in abandoned
        if row["worker"] in killed
    ]
    return found, len(abandoned) - len(found)


async def holders(url: str, job_id: UUID) -> list[str]:
    """The workers that took the job, in their order."""
    connection: Any = await asyncpg.connect(url)
    try:
        claims = "SELECT worker FROM claim_log WHERE is_claim AND job_id = $1 ORDER BY at"
        return [row["worker"] for row in await connection.fetch(claims, job_id)]
    finally:
        await connection.close()


async def _execute(url: str, statements: str) -> None:
    connection: Any = await asyncpg.connect(url)
    try:
        await connection.execute(statements)
    finally:
        await connection.close()
