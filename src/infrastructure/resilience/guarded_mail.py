"""Mail behind a circuit breaker and a time-out."""

from application.ports.mail import Mail, MailMessage, MailOutcomeUnknown, MailPutOff, MailRefused
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker


def email_breaker() -> Breaker:
    """A mail that is refused or put off speaks of that mail, not against the provider."""
    return Breaker(
        "email", BREAKER_RULES["email"], is_failure=lambda error: not isinstance(error, MailRefused | MailPutOff)
    )


class GuardedMail(Mail):
    """The mail of another adapter, through `breaker`. Raises CircuitOpen while the provider is given a rest."""

    def __init__(self, mail: Mail, breaker: Breaker) -> None:
        self._mail = mail
        self._breaker = breaker

    async def send(self, message: MailMessage) -> None:
        try:
            await self._breaker.call(lambda: self._mail.send(message))
        except TimeoutError as error:
            raise MailOutcomeUnknown("The mail provider took too long") from error
