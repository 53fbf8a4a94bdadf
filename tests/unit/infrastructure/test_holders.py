"""Who held a lease when the database fell silent gets to speak first."""

import pytest

from infrastructure.job_queue.holders import SAY_SECONDS, SILENCE_SECONDS, Holders
from infrastructure.persistence.constraint_errors import DatabaseUnavailable


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def holders(time: Time) -> Holders:
    return Holders(time)


def looks(holders: Holders) -> bool:
    with holders.listening():
        return holders.have_had_their_say()


def test_nobody_waits_while_the_database_answers(holders: Holders, time: Time) -> None:
    for _ in range(3):
        assert looks(holders)
        time.now += 60


def test_after_the_database_was_away_the_living_have_their_say(holders: Holders, time: Time) -> None:
    with pytest.raises(DatabaseUnavailable), holders.listening():
        raise DatabaseUnavailable
    assert not looks(holders)
    time.now += SAY_SECONDS - 0.001
    assert not looks(holders)
    time.now += 0.001
    assert looks(holders)


def test_a_database_that_takes_long_was_away(holders: Holders, time: Time) -> None:
    with holders.listening():
        time.now += SILENCE_SECONDS
        assert holders.have_had_their_say()
        time.now += 0.001
        assert not holders.have_had_their_say()
    time.now += SAY_SECONDS
    assert looks(holders)


def test_the_dead_do_not_wait_for_ever(holders: Holders, time: Time) -> None:
    said = list[bool]()
    for _ in range(4):
        with holders.listening():
            time.now += SILENCE_SECONDS + 0.001
            said.append(holders.have_had_their_say())
    assert said == [False] * 3 + [True]


def test_it_is_noticed_although_nobody_asked_meanwhile(holders: Holders, time: Time) -> None:
    with holders.listening():
        time.now += SILENCE_SECONDS + 0.001
    assert not looks(holders)


def test_whoever_has_just_come_does_not_know(holders: Holders, time: Time) -> None:
    holders.know_nothing()
    assert not looks(holders)
    time.now += SAY_SECONDS
    assert looks(holders)
