"""A channel for alerts behind a circuit breaker and a time-out."""

from application.ports.alert_channel import AlertChannel, ChannelUnavailable
from domain.operations.alert import Notice
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker


def channel_breaker(name: str) -> Breaker:
    return Breaker(name, BREAKER_RULES["external"])


class GuardedAlertChannel(AlertChannel):
    """Raises CircuitOpen while the channel is given a rest."""

    def __init__(self, channel: AlertChannel, breaker: Breaker) -> None:
        self._channel = channel
        self._breaker = breaker

    async def send(self, notice: Notice) -> None:
        try:
            await self._breaker.call(lambda: self._channel.send(notice))
        except TimeoutError as error:
            raise ChannelUnavailable("The channel took too long") from error
