import asyncio
import sys

import pytest

from infrastructure.password_hasher.argon2_password_hasher import Argon2PasswordHasher


@pytest.fixture
def hasher() -> Argon2PasswordHasher:
    return Argon2PasswordHasher(memory_kib=64, passes=1)


async def test_the_password_opens_its_hash_and_no_other_does(hasher: Argon2PasswordHasher) -> None:
    password_hash = await hasher.hash("een hond, twee katten")
    assert await hasher.verify("een hond, twee katten", password_hash)
    assert not await hasher.verify("een hond, drie katten", password_hash)


async def test_the_same_password_never_has_the_same_hash(hasher: Argon2PasswordHasher) -> None:
    assert await hasher.hash("een hond, twee katten") != await hasher.hash("een hond, twee katten")


async def test_nothing_opens_an_absent_or_broken_hash(hasher: Argon2PasswordHasher) -> None:
    assert not await hasher.verify("nobody has this password", None)
    assert not await hasher.verify("een hond, twee katten", "not a hash")
    assert not await hasher.verify("een hond, twee katten", "")


async def test_new_hashes_follow_the_recommended_parameters() -> None:
    assert (await Argon2PasswordHasher().hash("een hond, twee katten")).startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_the_event_loop_goes_on_while_passwords_are_hashed() -> None:
    hasher = Argon2PasswordHasher()
    hashing = asyncio.gather(*(hasher.hash("een hond, twee katten") for _ in range(4)))
    turns = 0
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0)
    await hashing
    assert turns > 10


@pytest.mark.parametrize("password", ["password", "PassWord", "1234567890", "qwertyuiop", "iloveyou"])
def test_passwords_that_attackers_try_first_are_common(hasher: Argon2PasswordHasher, password: str) -> None:
    assert hasher.is_common(password)


def test_an_uncommon_password_is_not_common(hasher: Argon2PasswordHasher) -> None:
    assert not hasher.is_common("een hond, twee katten")


def test_the_list_leaves_no_module_behind(hasher: Argon2PasswordHasher) -> None:
    hasher.is_common("password")
    assert "zxcvbn" not in sys.modules
