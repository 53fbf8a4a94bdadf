"""A period in the query: `from` and `to`."""

from datetime import datetime

from domain.shared.errors import InvalidInput
from domain.shared.period import EndBeforeStart, Period, checked_instant


class PeriodIncomplete(InvalidInput):
    title = "Give both from and to"


def asked_period(begins: datetime | None, ends: datetime | None) -> Period | None:
    """None when neither is given. Raises InvalidInput naming one of them."""
    if begins is None and ends is None:
        return None
    if begins is None or ends is None:
        raise PeriodIncomplete(field="from" if begins is None else "to")
    return required_period(begins, ends)


def required_period(begins: datetime, ends: datetime) -> Period:
    """Raises InvalidInput naming one of them."""
    start, end = checked_instant(begins, field="from"), checked_instant(ends, field="to")
    if end <= start:
        raise EndBeforeStart(field="to")
    return Period(start, end)
