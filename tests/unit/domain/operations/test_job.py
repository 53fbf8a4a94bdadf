"""Who may steer a job, and in which states."""

from datetime import timedelta

import pytest

from domain.operations.job import Job, JobHasEnded, JobId, JobNotDead, JobNotFound, JobNotRetryable, JobStatus
from tests.support.builders import ADMIN, NOW, OWNER, STRANGER, identified

LATER = NOW + timedelta(days=3)
WAITING = (JobStatus.QUEUED, JobStatus.RETRYING)


def a_job(status: JobStatus, **facts: object) -> Job:
    ended = status in (JobStatus.SUCCEEDED, JobStatus.DEAD, JobStatus.CANCELLED)
    return Job(
        **{
            "id": JobId(identified("job")),
            "kind": "tests.run",
            "status": status,
            "attempts": 4,
            "requester_id": OWNER.account_id,
            "run_at": NOW,
            "started_at": NOW,
            "finished_at": NOW if ended else None,
        }
        | facts  # pyright: ignore[reportArgumentType]
    )


@pytest.mark.parametrize("actor", [OWNER, ADMIN, None], ids=["requester", "admin", "operator"])
@pytest.mark.parametrize("status", WAITING)
def test_what_waits_is_cancelled_at_once(actor: object, status: JobStatus) -> None:
    job = a_job(status)
    job.cancel(by=actor, at=LATER)  # pyright: ignore[reportArgumentType]
    assert (job.status, job.finished_at, job.cancel_requested_at) == (JobStatus.CANCELLED, LATER, LATER)


def test_what_runs_is_asked_to_stop_once() -> None:
    job = a_job(JobStatus.RUNNING)
    for at in (NOW, LATER):
        job.cancel(by=OWNER, at=at)
    assert (job.status, job.finished_at, job.cancel_requested_at) == (JobStatus.RUNNING, None, NOW)


def test_cancelling_twice_changes_nothing() -> None:
    job = a_job(JobStatus.CANCELLED, finished_at=NOW)
    job.cancel(by=OWNER, at=LATER)
    assert (job.status, job.finished_at) == (JobStatus.CANCELLED, NOW)


@pytest.mark.parametrize("status", [JobStatus.SUCCEEDED, JobStatus.DEAD])
def test_what_has_ended_cannot_be_cancelled(status: JobStatus) -> None:
    with pytest.raises(JobHasEnded, match=status):
        a_job(status).cancel(by=ADMIN, at=LATER)


@pytest.mark.parametrize("status", JobStatus)
def test_a_strangers_job_does_not_exist(status: JobStatus) -> None:
    for requester in (OWNER.account_id, None):
        with pytest.raises(JobNotFound):
            a_job(status, requester_id=requester).cancel(by=STRANGER, at=LATER)


@pytest.mark.parametrize("status", [JobStatus.DEAD, JobStatus.CANCELLED])
def test_a_retry_gives_all_tries_and_all_the_time_again(status: JobStatus) -> None:
    job = a_job(status, error="PaymentsUnavailable", cancel_requested_at=NOW)
    job.retry(at=LATER)
    assert (job.status, job.attempts, job.run_at, job.tries_since) == (JobStatus.QUEUED, 0, LATER, LATER)
    assert (job.started_at, job.finished_at, job.cancel_requested_at) == (None, None, None)
    assert job.error == "PaymentsUnavailable"


@pytest.mark.parametrize("status", [*WAITING, JobStatus.RUNNING, JobStatus.SUCCEEDED])
def test_what_was_not_given_up_cannot_be_retried(status: JobStatus) -> None:
    with pytest.raises(JobNotRetryable, match=status):
        a_job(status).retry(at=LATER)


def test_a_dropped_job_tells_why_it_failed_and_why_it_was_dropped() -> None:
    job = a_job(JobStatus.DEAD, error="MailRefused: 550")
    job.drop(reason="an@example.com moved", at=LATER)
    assert (job.status, job.finished_at) == (JobStatus.CANCELLED, LATER)
    assert job.error == "Dropped ([address] moved) after MailRefused: 550"


def test_a_job_may_be_dropped_without_a_reason() -> None:
    job = a_job(JobStatus.DEAD)
    job.drop(reason=None, at=LATER)
    assert job.error == "Dropped (no reason given) after no error"


@pytest.mark.parametrize("status", [status for status in JobStatus if status is not JobStatus.DEAD])
def test_only_the_dead_are_dropped(status: JobStatus) -> None:
    with pytest.raises(JobNotDead, match=status):
        a_job(status).drop(reason=None, at=LATER)
