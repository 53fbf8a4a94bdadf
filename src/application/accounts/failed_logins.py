"""Counting failed sign-ins of an address, known or not."""

import hashlib
from dataclasses import dataclass

from application.ports.rate_limits import RateLimits
from domain.accounts.email_address import folded_email
from domain.accounts.sign_in import FAILED_LOGINS_WINDOW, MAX_FAILED_LOGINS, TooManyFailedLogins

_WINDOW_SECONDS = int(FAILED_LOGINS_WINDOW.total_seconds())


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedLogins:
    """Five failures in fifteen minutes, then nobody gets in, with the right password neither."""

    rate_limits: RateLimits

    async def refuse_when_too_many(self, email: str) -> None:
        """Raises TooManyFailedLogins."""
        verdict = await self.rate_limits.peek(
            failed_logins_key(email), limit=MAX_FAILED_LOGINS, window_seconds=_WINDOW_SECONDS
        )
        if not verdict.allowed:
            raise TooManyFailedLogins(retry_after=verdict.reset_seconds)

    async def count(self, email: str) -> None:
        """Counts a failure. Raises TooManyFailedLogins when others were faster: parallel guesses gain nothing."""
        verdict = await self.rate_limits.hit(
            failed_logins_key(email), limit=MAX_FAILED_LOGINS, window_seconds=_WINDOW_SECONDS
        )
        if not verdict.allowed:
            raise TooManyFailedLogins(retry_after=verdict.reset_seconds)

    async def forget(self, email: str) -> None:
        await self.rate_limits.forget(failed_logins_key(email))


def failed_logins_key(email: str) -> str:
    """A hash, so that the store of the limits holds no addresses."""
    return "failed-logins:" + hash_of_email(email)


def hash_of_email(email: str) -> str:
    return hashlib.sha256(folded_email(email).encode(errors="replace")).hexdigest()
