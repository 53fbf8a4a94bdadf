"""How long a job waits for its next try."""

from datetime import timedelta

import pytest

from domain.operations.retries import MAIL, MONEY, RetryPolicy

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 2), (2, 4), (5, 32), (6, 60), (1000, 60)])
def test_a_mail_waits_longer_each_time_but_never_more_than_a_minute(attempts: int, seconds: int) -> None:
    assert MAIL.next_delay(attempts=attempts, age=HOUR, jitter=0) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("policy", "hours"), [(MAIL, 24), (MONEY, 72)])
def test_it_is_given_up_after_its_time(policy: RetryPolicy, hours: int) -> None:
    assert policy.next_delay(attempts=1000, age=(hours - 1) * HOUR, jitter=0) is not None
    assert policy.next_delay(attempts=1, age=hours * HOUR, jitter=0) is None


def test_money_is_tried_at_least_every_quarter_of_an_hour() -> None:
    assert MONEY.next_delay(attempts=1000, age=HOUR, jitter=0) == timedelta(minutes=15)


def test_jitter_takes_off_up_to_half() -> None:
    assert MAIL.next_delay(attempts=1000, age=HOUR, jitter=1) == timedelta(seconds=30)
