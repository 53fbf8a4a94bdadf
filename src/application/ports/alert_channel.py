"""Telling people of alerts."""

from abc import abstractmethod
from typing import Protocol

from domain.operations.alert import Notice
from domain.shared.errors import Unavailable


class ChannelUnavailable(Unavailable):
    title = "Nobody could be told of an alert by this way"


class AlertChannel(Protocol):
    """One way to those who look after the system.

    Promises, checked by `tests/contract/test_alert_channel.py`: a notice says what it is about, whether it begins or is
    over and after how long, the figures with their limits, and where its runbook is.
    """

    @abstractmethod
    async def send(self, notice: Notice) -> None:
        """Raises ChannelUnavailable when it did not get there, or nobody knows whether it did."""
        ...
