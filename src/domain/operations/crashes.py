"""Whether it is a job's fault that its workers died. Nobody saw what happened; the company it died in tells."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum

CRASHES_TO_BURY = 3
# However innocent it looks: two jobs that kill would excuse each other for ever.
MOST_CRASHES = 10
# The leases of one dead worker run out within so long of each other.
SAME_DEATH = timedelta(seconds=5)
# Deaths so long before the first still tell how workers fare.
LOOK_BACK = timedelta(minutes=10)


class Verdict(Enum):
    """`APART`: others are as suspect as this one, and are to be tried one after the other."""

    GOES_ON = "goes on"
    APART = "apart"
    GUILTY = "guilty"


def is_suspect(crashes: int) -> bool:
    """Whether a job that died so many times in a row with its workers is looked at more closely."""
    return crashes >= CRASHES_TO_BURY


def judge(*, crashes: int, own: Sequence[datetime], of_others: Sequence[datetime], with_suspects: bool) -> Verdict:
    """Of a suspect. `own` are the deaths it was in, `of_others` those that other jobs were in, of the last LOOK_BACK;
    `with_suspects` says that other suspects died with it this time."""
    if crashes >= MOST_CRASHES:
        return Verdict.GUILTY
    if any(all(abs(death - mine) > SAME_DEATH for mine in own) for death in of_others):
        # Workers die without it, too.
        return Verdict.GOES_ON
    return Verdict.APART if with_suspects else Verdict.GUILTY
