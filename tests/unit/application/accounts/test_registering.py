import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from application.ports.account_queries import Role
from application.ports.account_repository import EmailTaken
from application.ports.unit_of_work import StaleVersion
from domain.accounts.account import AccountNotFound, AddressAlreadyVerified
from domain.accounts.email_address import EmailInvalid
from domain.accounts.one_time_tokens import OneTimePurpose, TokenNotUsable
from domain.accounts.password_rules import PasswordTooCommon, PasswordTooShort
from domain.accounts.sign_in import RateLimited
from domain.shared.actor import AccountId, Actor
from domain.shared.languages import Language
from tests.support.account_world import EMAIL, NEW_PASSWORD, PASSWORD, AccountWorld, account_world
from tests.support.builders import identified

VERIFY = OneTimePurpose.VERIFY_EMAIL


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[AccountWorld]:
    async with account_world(tmp_path) as opened:
        yield opened


async def test_registering_records_the_account_its_event_and_the_mail_with_ids_only(world: AccountWorld) -> None:
    account_id = await world.registered(" AN@example.be ")
    view = await world.queries.me(account_id)
    assert (view.email, view.email_verified, view.roles) == (EMAIL, False, [Role.OWNER])
    assert await world.events() == ["AccountRegistered"]
    [mail] = await world.mails()
    assert mail["mail"] == "verify_address"
    assert mail["account_id"] == str(account_id)
    assert EMAIL not in str(mail)


async def test_an_address_has_one_account_also_when_two_register_at_once(world: AccountWorld) -> None:
    outcomes = await asyncio.gather(*(world.registered() for _ in range(4)), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["EmailTaken", "EmailTaken", "EmailTaken", "UUID"]
    with pytest.raises(EmailTaken):
        await world.registered(EMAIL.upper())
    assert len(await world.mails()) == 1


@pytest.mark.parametrize(
    ("email", "password", "error"),
    [
        ("nobody", PASSWORD, EmailInvalid),
        (EMAIL, "short", PasswordTooShort),
        (EMAIL, "Qwertyuiop12", PasswordTooCommon),
    ],
)
async def test_what_is_refused_leaves_nothing_behind(
    world: AccountWorld, email: str, password: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        await world.register.execute(email=email, password=password, first_name="An", last_name="P")
    assert await world.events() == []


async def test_the_mailed_link_verifies_the_address_and_may_be_followed_twice(world: AccountWorld) -> None:
    account_id = await world.registered()
    token = await world.last_link(VERIFY)
    await world.verify.execute(token=token)
    await world.verify.execute(token=token)
    assert (await world.account(account_id)).is_email_verified
    assert (await world.events()).count("AddressVerified") == 1


async def test_a_link_of_yesterday_or_made_up_verifies_nothing(world: AccountWorld) -> None:
    await world.registered()
    token = await world.last_link(VERIFY)
    world.clock.advance(timedelta(hours=24))
    for text in (token, "made-up.link", ""):
        with pytest.raises(TokenNotUsable):
            await world.verify.execute(token=text)


async def test_the_verification_is_mailed_again_until_it_is_done_and_not_without_end(world: AccountWorld) -> None:
    account_id = await world.registered()
    actor = Actor(account_id=account_id, email_verified=False)
    for _ in range(5):
        await world.resend.execute(actor=actor)
    assert len(await world.mails()) == 6
    with pytest.raises(RateLimited):
        await world.resend.execute(actor=actor)
    await world.verify.execute(token=await world.last_link(VERIFY))
    with pytest.raises(AddressAlreadyVerified):
        await world.resend.execute(actor=Actor(account_id=account_id))


async def test_an_account_holder_changes_what_he_names(world: AccountWorld) -> None:
    account_id = await world.registered()
    actor = Actor(account_id=account_id)
    await world.update.execute(actor=actor, changes={"first_name": "Bea", "language": Language.FR})
    await world.update.execute(actor=actor, changes={})
    view = await world.queries.me(account_id)
    assert (view.first_name, view.last_name, view.language) == ("Bea", "Peeters", Language.FR)


async def test_the_second_of_two_writers_is_told(world: AccountWorld) -> None:
    account_id = await world.registered()
    first, second = await world.account(account_id), await world.account(account_id)
    async with world.unit_of_work() as uow:
        await uow.accounts.save(first)
    with pytest.raises(StaleVersion):
        async with world.unit_of_work() as uow:
            await uow.accounts.save(second)


async def test_an_unknown_account_is_not_found(world: AccountWorld) -> None:
    with pytest.raises(AccountNotFound):
        await world.queries.me(AccountId(identified("nobody")))


async def test_an_admin_is_made_verified_and_signs_in_at_once(world: AccountWorld) -> None:
    account_id = await world.create_admin.execute(email="admin@example.be", password=PASSWORD)
    actor = await world.actor(await world.signed_in("admin@example.be"))
    assert actor == Actor(account_id=account_id, is_admin=True, email_verified=True)
    assert (await world.queries.me(account_id)).roles == [Role.OWNER, Role.ADMIN]


async def test_an_existing_account_is_promoted_gets_the_password_and_its_sessions_end(world: AccountWorld) -> None:
    account_id = await world.registered()
    tokens = await world.signed_in()
    assert await world.create_admin.execute(email=EMAIL, password=NEW_PASSWORD) == account_id
    assert await world.actor(tokens) is None
    actor = await world.actor(await world.signed_in(password=NEW_PASSWORD))
    assert actor is not None
    assert actor.is_admin
