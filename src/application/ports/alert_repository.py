"""Alerts, as the rules decide about them."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from domain.operations.alert import Alert, AlertId

# Long enough for what follows from an alert to have passed, and for a silence to be taken over.
REMEMBERED = timedelta(hours=1)


class AlertRepository(Protocol):
    """The alerts of a unit of work; of one rule about one thing at most one is open.

    Checked by `tests/contract/test_alert_repository.py`.
    """

    @abstractmethod
    async def known(self) -> list[Alert]:
        """The open ones, those that ended within REMEMBERED, and those whose silence still holds."""
        ...

    @abstractmethod
    async def get(self, alert_id: AlertId) -> Alert:
        """With its row locked. Raises AlertNotFound."""
        ...

    @abstractmethod
    async def save(self, changed: Sequence[Alert]) -> None:
        """Adds or changes them. One that never fired and is over leaves no trace."""
        ...
