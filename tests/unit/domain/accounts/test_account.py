from dataclasses import replace
from datetime import timedelta

import pytest

from domain.accounts.account import (
    Account,
    AccountDetailsChanged,
    AccountRegistered,
    AddressVerified,
    SuspensionNeedsAdmin,
)
from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeToken, OneTimeTokenId, TokenNotUsable
from domain.accounts.password_rules import (
    PasswordBlank,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
    check_new_password,
)
from domain.accounts.person_details import NameInvalid, PhoneInvalid, checked_address
from domain.accounts.session import (
    REFRESH_TOKEN_LIFETIME,
    RefreshToken,
    SessionId,
    hash_of_refresh_token,
    looks_like_refresh_token,
)
from domain.accounts.sign_in import AccountSuspended
from domain.shared.actor import AccountId
from domain.shared.errors import InvalidInput
from domain.shared.languages import Language
from tests.support.builders import ADMIN, NOW, OWNER, identified


def an_account() -> Account:
    return Account.register(
        account_id=AccountId(identified("an")),
        email="An@Example.be",
        password_hash="hash",
        first_name="  An ",
        last_name="Peeters",
        language=Language.NL,
        at=NOW,
    )


def test_a_new_account_is_unverified_and_no_admin() -> None:
    account = an_account()
    assert (account.email, account.first_name) == ("an@example.be", "An")
    assert not account.is_email_verified
    assert not account.is_admin
    assert account.events == [AccountRegistered(at=NOW, account_id=account.id)]


@pytest.mark.parametrize("name", ["", "   ", "x" * 81, "An\nPeeters", "An\0", "An\u202egpj", "An\ud800"])
def test_a_name_is_a_short_line_of_printable_text(name: str) -> None:
    with pytest.raises(NameInvalid) as refusal:
        an_account().change_details({"first_name": name}, at=NOW)
    assert refusal.value.field == "firstName"


def test_names_of_any_script_are_welcome() -> None:
    account = an_account()
    account.change_details({"first_name": "Zoë-Anne", "last_name": "van 't Hoff 李"}, at=NOW)
    assert account.last_name == "van 't Hoff 李"


def test_verifying_twice_is_recorded_once() -> None:
    account = an_account()
    account.verify_address(at=NOW)
    account.verify_address(at=NOW + timedelta(hours=1))
    assert account.email_verified_at == NOW
    assert [type(event) for event in account.events] == [AccountRegistered, AddressVerified]


def test_a_change_keeps_what_it_does_not_name_and_none_empties() -> None:
    account = an_account()
    account.change_details({"phone": " +32 470 12 34 56 ", "address": "Veldstraat 1\n9000 Gent"}, at=NOW)
    account.change_details({"phone": None, "language": Language.FR}, at=NOW)
    assert (account.phone, account.address, account.language) == (None, "Veldstraat 1\n9000 Gent", Language.FR)
    assert isinstance(account.events[-1], AccountDetailsChanged)


def test_a_change_with_one_bad_field_changes_nothing() -> None:
    account = an_account()
    with pytest.raises(PhoneInvalid):
        account.change_details({"first_name": "Bea", "phone": "call me"}, at=NOW)
    assert account.first_name == "An"


def test_an_empty_address_is_refused_rather_than_stored() -> None:
    with pytest.raises(InvalidInput):
        checked_address("  ")


def test_a_suspended_holder_is_told_the_reason() -> None:
    account = an_account()
    account.suspend(by=ADMIN, reason="three reports", at=NOW)
    with pytest.raises(AccountSuspended, match="three reports"):
        account.require_not_suspended()
    account.end_suspension(by=ADMIN, at=NOW)
    account.require_not_suspended()


def test_only_an_admin_suspends() -> None:
    with pytest.raises(SuspensionNeedsAdmin):
        an_account().suspend(by=OWNER, reason="no", at=NOW)


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        (" " * 12, PasswordBlank),
        ("short", PasswordTooShort),
        ("x" * 129, PasswordTooLong),
        ("password1234", PasswordTooCommon),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(password: str, refusal: type[InvalidInput]) -> None:
    with pytest.raises(refusal) as refused:
        check_new_password(password, is_common={"password1234"}.__contains__, field="newPassword")
    assert isinstance(refused.value, InvalidInput)
    assert refused.value.field == "newPassword"


@pytest.mark.parametrize("password", ["xyz12" + "x" * 7, "xyz12" + "x" * 123, "vier kleine woorden", "пароль пароль"])
def test_a_long_password_of_any_characters_passes(password: str) -> None:
    check_new_password(password, is_common=lambda _: False)


@pytest.mark.parametrize("password", ["a" * 12, "abababababab", "112211221122"])
def test_a_password_of_few_different_characters_is_refused(password: str) -> None:
    with pytest.raises(PasswordTooCommon):
        check_new_password(password, is_common=lambda _: False)


def a_reset_token() -> OneTimeToken:
    return OneTimeToken.issue(
        token_id=OneTimeTokenId(identified("token")),
        account_id=AccountId(identified("an")),
        purpose=OneTimePurpose.RESET_PASSWORD,
        at=NOW,
    )


def test_a_reset_link_works_for_an_hour_and_not_a_second_longer() -> None:
    token = a_reset_token()
    last = NOW + timedelta(minutes=60) - timedelta(microseconds=1)
    assert token.holder(OneTimePurpose.RESET_PASSWORD, at=last) == identified("an")
    with pytest.raises(TokenNotUsable):
        token.holder(OneTimePurpose.RESET_PASSWORD, at=NOW + timedelta(minutes=60))


def test_a_link_works_for_its_purpose_only() -> None:
    with pytest.raises(TokenNotUsable):
        a_reset_token().holder(OneTimePurpose.VERIFY_EMAIL, at=NOW)


def test_a_decoy_proves_nothing() -> None:
    with pytest.raises(TokenNotUsable):
        replace(a_reset_token(), account_id=None).holder(OneTimePurpose.RESET_PASSWORD, at=NOW)


def test_of_a_refresh_token_only_the_hash_is_stored() -> None:
    record, text = RefreshToken.issue(session_id=SessionId(identified("session")), at=NOW)
    assert looks_like_refresh_token(text)
    assert record.token_hash == hash_of_refresh_token(text)
    assert record.expires_at == NOW + REFRESH_TOKEN_LIFETIME
    assert text not in repr(record)


def test_no_two_refresh_tokens_are_equal() -> None:
    session_id = SessionId(identified("session"))
    assert RefreshToken.issue(session_id=session_id, at=NOW)[1] != RefreshToken.issue(session_id=session_id, at=NOW)[1]
