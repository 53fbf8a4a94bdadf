"""What Redis is owed, and what it is not to be trusted about."""

from uuid import uuid4

import pytest

from infrastructure.cache.invalidation import Invalidation
from infrastructure.cache.owed_invalidations import MOST_OWED, OwedInvalidations


def _of(*tags: str) -> Invalidation:
    return Invalidation(uuid4(), frozenset(tags))


def test_a_tag_is_owed_until_the_last_invalidation_that_names_it_is_paid() -> None:
    owed, first, second = OwedInvalidations(), _of("a", "b"), _of("b", "c")
    for invalidation in (first, second, second):
        owed.add(invalidation, due=0)
    owed.discard(first.id)
    owed.discard(first.id)
    assert [owed.touch([tag]) for tag in "abc"] == [False, True, True]
    owed.discard(second.id)
    assert not owed.touch(["a", "b", "c"])
    assert owed.next_due() is None


@pytest.mark.parametrize("how", ["as such", "as too many"])
def test_when_everything_is_owed_every_tag_is(how: str) -> None:
    owed = OwedInvalidations()
    for number in range(MOST_OWED if how == "as too many" else 0):
        owed.add(_of(f"a{number}"), due=0)
    owed.add(Invalidation(uuid4(), None) if how == "as such" else _of("b"), due=0)
    assert owed.touch(["whatever"])
    (everything,) = owed.due(0)
    owed.discard(everything.id)
    assert not owed.touch(["whatever", "a1", "b"])
