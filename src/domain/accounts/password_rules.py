"""Which passwords are good enough."""

from collections.abc import Callable

from domain.shared.errors import InvalidInput

MIN_PASSWORD_LENGTH = 12
MAX_PASSWORD_LENGTH = 128
# `aaaaaaaaaaaa` is on no list, and yet among the first that are tried.
MIN_DISTINCT_CHARACTERS = 5


class PasswordTooShort(InvalidInput):
    title = f"A password has at least {MIN_PASSWORD_LENGTH} characters"


class PasswordTooLong(InvalidInput):
    title = f"A password has at most {MAX_PASSWORD_LENGTH} characters"


class PasswordBlank(InvalidInput):
    title = "A password is more than blanks"


class PasswordTooCommon(InvalidInput):
    title = "This password is among the first that attackers try; choose another one"


def check_new_password(password: str, *, is_common: Callable[[str], bool], field: str = "password") -> None:
    """Raises the InvalidInput that says why the password is refused, naming `field`."""
    if not password.strip():
        raise PasswordBlank(field=field)
    if len(password) < MIN_PASSWORD_LENGTH:
        raise PasswordTooShort(field=field)
    if len(password) > MAX_PASSWORD_LENGTH:
        raise PasswordTooLong(field=field)
    if len(set(password)) < MIN_DISTINCT_CHARACTERS or is_common(password):
        raise PasswordTooCommon(field=field)
