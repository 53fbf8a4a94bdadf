import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from application.accounts.change_password import CurrentPasswordWrong
from application.accounts.sign_in_tokens import SignInTokens
from domain.accounts.one_time_tokens import OneTimePurpose, TokenNotUsable
from domain.accounts.password_rules import PasswordTooShort
from domain.accounts.session import REFRESH_TOKEN_LIFETIME
from domain.accounts.sign_in import AccountSuspended, RefreshTokenInvalid, TooManyFailedLogins, WrongCredentials
from tests.support.account_world import EMAIL, NEW_PASSWORD, PASSWORD, AccountWorld, account_world

RESET = OneTimePurpose.RESET_PASSWORD


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AccountWorld]:
    async with account_world(tmp_path) as opened:
        await opened.registered()
        yield opened


async def test_an_unverified_holder_signs_in_by_any_spelling_of_his_address(world: AccountWorld) -> None:
    tokens = await world.signed_in("  AN@Example.be ")
    actor = await world.actor(tokens)
    assert actor is not None
    assert not actor.email_verified
    assert tokens.expires_in_seconds == 900


async def test_a_wrong_password_and_an_unknown_address_are_refused_alike(world: AccountWorld) -> None:
    for email in (EMAIL, "nobody@example.be", "no address at all"):
        for _ in range(5):
            with pytest.raises(WrongCredentials):
                await world.signed_in(email, "wrong password 12")
        with pytest.raises(TooManyFailedLogins) as refusal:
            await world.signed_in(email, PASSWORD)
        assert 0 < refusal.value.retry_after <= 900


async def test_a_success_forgets_the_failures_before_it(world: AccountWorld) -> None:
    for _ in range(3):
        for _ in range(4):
            with pytest.raises(WrongCredentials):
                await world.signed_in(password="wrong password 12")
        await world.signed_in()


async def test_parallel_guesses_gain_nothing_over_those_one_by_one(world: AccountWorld) -> None:
    guesses = [world.signed_in(password=f"wrong password {number}") for number in range(30)]
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(outcome, WrongCredentials) for outcome in outcomes) <= 5
    with pytest.raises(TooManyFailedLogins):
        await world.signed_in()


async def test_many_right_sign_ins_at_once_do_not_lock_anybody_out(world: AccountWorld) -> None:
    assert len(await asyncio.gather(*(world.signed_in() for _ in range(12)))) == 12


async def test_a_suspended_holder_learns_why_and_only_with_the_right_password(world: AccountWorld) -> None:
    tokens = await world.signed_in()
    await world.suspended(world.claims(tokens).account_id, reason="three reports")
    assert await world.actor(tokens) is None
    with pytest.raises(AccountSuspended, match="three reports"):
        await world.signed_in()
    with pytest.raises(AccountSuspended):
        await world.refresh.execute(refresh_token=tokens.refresh_token)
    with pytest.raises(WrongCredentials):
        await world.signed_in(password="wrong password 12")


async def test_refreshing_gives_new_tokens_of_the_same_session(world: AccountWorld) -> None:
    first = await world.signed_in()
    second = await world.refresh.execute(refresh_token=first.refresh_token)
    assert second.refresh_token != first.refresh_token
    assert world.claims(second).session_id == world.claims(first).session_id
    assert await world.actor(second) is not None


async def test_a_used_refresh_token_ends_the_whole_session(world: AccountWorld) -> None:
    first = await world.signed_in()
    other_device = await world.signed_in()
    second = await world.refresh.execute(refresh_token=first.refresh_token)
    with pytest.raises(RefreshTokenInvalid):
        await world.refresh.execute(refresh_token=first.refresh_token)
    assert await world.actor(second) is None
    with pytest.raises(RefreshTokenInvalid):
        await world.refresh.execute(refresh_token=second.refresh_token)
    assert await world.actor(other_device) is not None


async def test_of_parallel_refreshes_with_one_token_one_wins_and_the_copy_is_noticed(world: AccountWorld) -> None:
    first = await world.signed_in()
    tries = [world.refresh.execute(refresh_token=first.refresh_token) for _ in range(8)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    winners = [outcome for outcome in outcomes if isinstance(outcome, SignInTokens)]
    assert len(winners) == 1
    assert await world.actor(winners[0]) is None


@pytest.mark.parametrize("token", ["", "x", "x" * 43, "\0" * 43, "\ud800" * 43])
async def test_an_unknown_refresh_token_is_refused(world: AccountWorld, token: str) -> None:
    with pytest.raises(RefreshTokenInvalid):
        await world.refresh.execute(refresh_token=token)


async def test_a_refresh_token_expires(world: AccountWorld) -> None:
    tokens = await world.signed_in()
    world.clock.advance(REFRESH_TOKEN_LIFETIME)
    with pytest.raises(RefreshTokenInvalid):
        await world.refresh.execute(refresh_token=tokens.refresh_token)


async def test_logging_out_ends_one_session_at_once_and_may_be_repeated(world: AccountWorld) -> None:
    here, there = await world.signed_in(), await world.signed_in()
    for _ in range(2):
        await world.log_out.execute(refresh_token=here.refresh_token)
    await world.log_out.execute(refresh_token="unknown")
    assert await world.actor(here) is None
    assert await world.actor(there) is not None
    with pytest.raises(RefreshTokenInvalid):
        await world.refresh.execute(refresh_token=here.refresh_token)


async def test_logging_out_everywhere_ends_them_all(world: AccountWorld) -> None:
    here, there = await world.signed_in(), await world.signed_in()
    actor = await world.actor(here)
    assert actor is not None
    await world.log_out_everywhere.execute(actor=actor)
    assert [await world.actor(here), await world.actor(there)] == [None, None]


async def change(world: AccountWorld, tokens: SignInTokens, current: str, new: str) -> None:
    actor = await world.actor(tokens)
    assert actor is not None
    await world.change_password.execute(
        actor=actor, session_id=world.claims(tokens).session_id, current_password=current, new_password=new
    )


async def test_changing_the_password_ends_all_other_sessions(world: AccountWorld) -> None:
    here, there = await world.signed_in(), await world.signed_in()
    await change(world, here, PASSWORD, NEW_PASSWORD)
    assert await world.actor(here) is not None
    assert await world.actor(there) is None
    with pytest.raises(WrongCredentials):
        await world.signed_in()
    await world.signed_in(password=NEW_PASSWORD)


async def test_changing_needs_the_current_password_and_guesses_are_counted(world: AccountWorld) -> None:
    here = await world.signed_in()
    for _ in range(5):
        with pytest.raises(CurrentPasswordWrong) as refusal:
            await change(world, here, "wrong password 12", NEW_PASSWORD)
        assert refusal.value.field == "currentPassword"
    with pytest.raises(TooManyFailedLogins):
        await change(world, here, PASSWORD, NEW_PASSWORD)


async def test_the_new_password_is_named_when_it_is_too_weak(world: AccountWorld) -> None:
    with pytest.raises(PasswordTooShort) as refusal:
        await change(world, await world.signed_in(), PASSWORD, "short")
    assert refusal.value.field == "newPassword"


async def test_a_reset_link_sets_the_password_once_and_ends_all_sessions(world: AccountWorld) -> None:
    tokens = await world.signed_in()
    await world.forgot.execute(email=EMAIL.upper())
    link = await world.last_link(RESET)
    await world.reset.execute(token=link, password=NEW_PASSWORD)
    assert await world.actor(tokens) is None
    actor = await world.actor(await world.signed_in(password=NEW_PASSWORD))
    assert actor is not None
    assert actor.email_verified, "the link proved the mailbox"
    with pytest.raises(TokenNotUsable):
        await world.reset.execute(token=link, password=PASSWORD)


async def test_of_parallel_resets_with_one_link_one_succeeds(world: AccountWorld) -> None:
    await world.forgot.execute(email=EMAIL)
    link = await world.last_link(RESET)
    tries = [world.reset.execute(token=link, password=f"{NEW_PASSWORD} {number}") for number in range(5)]
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(outcome is None for outcome in outcomes) == 1


async def test_a_reset_opens_a_locked_address(world: AccountWorld) -> None:
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            await world.signed_in(password="wrong password 12")
    await world.forgot.execute(email=EMAIL)
    await world.reset.execute(token=await world.last_link(RESET), password=NEW_PASSWORD)
    await world.signed_in(password=NEW_PASSWORD)


async def test_a_link_an_hour_old_or_for_another_purpose_resets_nothing(world: AccountWorld) -> None:
    await world.forgot.execute(email=EMAIL)
    link, verification = await world.last_link(RESET), await world.last_link(OneTimePurpose.VERIFY_EMAIL)
    with pytest.raises(TokenNotUsable):
        await world.reset.execute(token=verification, password=NEW_PASSWORD)
    world.clock.advance(timedelta(minutes=60))
    with pytest.raises(TokenNotUsable):
        await world.reset.execute(token=link, password=NEW_PASSWORD)


async def test_asking_for_an_unknown_address_leaves_the_same_traces_and_a_link_that_opens_nothing(
    world: AccountWorld,
) -> None:
    await world.forgot.execute(email="nobody@example.be")
    [_, decoy] = await world.mails()
    opens_nothing = await world.last_link(RESET)
    await world.forgot.execute(email=EMAIL)
    [_, _, genuine] = await world.mails()
    assert decoy.keys() == genuine.keys()
    with pytest.raises(TokenNotUsable):
        await world.reset.execute(token=opens_nothing, password=NEW_PASSWORD)


async def test_nobody_can_flood_a_mailbox_and_nobody_can_tell(world: AccountWorld) -> None:
    for _ in range(10):
        await world.forgot.execute(email=EMAIL)
    assert len(await world.mails()) == 1 + 5


async def test_of_many_sessions_those_of_admins_that_live_are_told_at_once(world: AccountWorld) -> None:
    await world.create_admin.execute(email="admin@example.be", password=PASSWORD)
    signed_in = [await world.signed_in(email) for email in ("admin@example.be", "admin@example.be", EMAIL)]
    session_ids = [world.claims(tokens).session_id for tokens in signed_in]
    assert await world.queries.admins_among(session_ids) == set(session_ids[:2])
    await world.log_out.execute(refresh_token=signed_in[0].refresh_token)
    assert await world.queries.admins_among(session_ids) == {session_ids[1]}
    await world.suspended(world.claims(signed_in[1]).account_id, reason="test")
    assert await world.queries.admins_among(session_ids) == set()
