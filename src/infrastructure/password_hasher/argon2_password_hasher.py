"""Passwords under Argon2id."""

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TypeVar

from argon2 import PasswordHasher as Argon2
from argon2 import Type
from argon2.exceptions import InvalidHashError, VerificationError

from application.ports.password_hasher import PasswordHasher

T = TypeVar("T")

SHORTEST_PASSWORD = 8


class Argon2PasswordHasher(PasswordHasher):
    """Argon2id with OWASP's minimum: 19 MiB, two passes, one lane.

    Two threads of its own do the work, so that a wave of sign-ins neither blocks the event loop nor takes all memory.
    """

    def __init__(self, *, memory_kib: int = 19_456, passes: int = 2) -> None:
        self._argon2 = Argon2(time_cost=passes, memory_cost=memory_kib, parallelism=1, type=Type.ID)
        self._threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")
        self._hash_of_nobody = self._argon2.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        return await self._in_thread(self._argon2.hash, password)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """An absent hash costs the same work, so that the time of the answer does not tell which accounts exist."""
        matches = await self._in_thread(self._matches, password_hash or self._hash_of_nobody, password)
        return matches and password_hash is not None

    def is_common(self, password: str) -> bool:
        return password.casefold() in _common_passwords()

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._argon2.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_thread(self, function: Callable[..., T], *args: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *args)


@cache
def _common_passwords() -> frozenset[str]:
    """The passwords of zxcvbn's frequency list that our rules would let through by their length.

    Its modules keep some ten megabytes of dictionaries that we do not use: they are let go again.
    """
    from zxcvbn.frequency_lists import FREQUENCY_LISTS

    listed: list[str] = FREQUENCY_LISTS["passwords"]
    for name in [name for name in sys.modules if name.partition(".")[0] == "zxcvbn"]:
        del sys.modules[name]
    return frozenset(password.casefold() for password in listed if len(password) >= SHORTEST_PASSWORD)
