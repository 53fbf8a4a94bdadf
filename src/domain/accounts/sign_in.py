"""Why somebody is not let in."""

from datetime import timedelta

from domain.shared.errors import DomainError, NotAllowed

MAX_FAILED_LOGINS = 5
FAILED_LOGINS_WINDOW = timedelta(minutes=15)


class AuthenticationRequired(DomainError):
    """Nobody knows who the caller is."""

    title = "Sign in first"


class AccessTokenInvalid(AuthenticationRequired):
    title = "The access token is malformed, expired or revoked"


class WrongCredentials(AuthenticationRequired):
    title = "The e-mail address or the password is wrong"


class RefreshTokenInvalid(AuthenticationRequired):
    title = "The refresh token is unknown, used, expired or revoked"


class RateLimited(DomainError):
    """Too much was asked for; try again after `retry_after` seconds."""

    title = "Too many requests"

    def __init__(self, detail: str = "", *, retry_after: int) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TooManyFailedLogins(RateLimited):
    title = "Too many failed attempts to sign in"


class AccountSuspended(NotAllowed):
    title = "The account is suspended"
