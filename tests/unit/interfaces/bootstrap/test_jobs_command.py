"""The command that looks after jobs."""

from interfaces.bootstrap.jobs_command import SCHEDULED
from interfaces.worker.schedule import SCHEDULE


def test_everything_that_happens_by_the_clock_can_be_started() -> None:
    assert {scheduled.kind: scheduled.queue for scheduled in SCHEDULE} == SCHEDULED
