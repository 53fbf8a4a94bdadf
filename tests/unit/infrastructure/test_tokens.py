import re
from datetime import timedelta
from uuid import UUID

import jwt
import pytest

from application.ports.access_tokens import AccessClaims
from domain.accounts.one_time_tokens import OneTimePurpose, OneTimeTokenId
from domain.accounts.session import ACCESS_TOKEN_LIFETIME, SessionId
from domain.shared.actor import AccountId
from infrastructure.tokens.derived_keys import derived_key
from infrastructure.tokens.hmac_token_signer import HmacTokenSigner
from infrastructure.tokens.jwt_access_tokens import JwtAccessTokens
from tests.support.builders import NOW, identified

TOKEN_ID = OneTimeTokenId(identified("token"))
CLAIMS = AccessClaims(account_id=AccountId(identified("an")), session_id=SessionId(identified("session")))


def test_a_signed_token_reads_back_as_its_id() -> None:
    signer = HmacTokenSigner("secret")
    token = signer.sign(OneTimePurpose.VERIFY_EMAIL, TOKEN_ID)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{16,}", token)
    assert signer.read(OneTimePurpose.VERIFY_EMAIL, token) == TOKEN_ID
    assert signer.sign(OneTimePurpose.VERIFY_EMAIL, TOKEN_ID) == token


def test_a_token_is_bound_to_its_purpose_and_to_the_secret() -> None:
    token = HmacTokenSigner("secret").sign(OneTimePurpose.VERIFY_EMAIL, TOKEN_ID)
    assert HmacTokenSigner("secret").read(OneTimePurpose.RESET_PASSWORD, token) is None
    assert HmacTokenSigner("other secret").read(OneTimePurpose.VERIFY_EMAIL, token) is None


@pytest.mark.parametrize("text", ["", ".", "a" * 66, "é" * 66, "\0", "x" * 22 + "." + "y" * 43])
def test_any_other_text_reads_as_nothing(text: str) -> None:
    assert HmacTokenSigner("secret").read(OneTimePurpose.VERIFY_EMAIL, text) is None


def test_changing_any_character_makes_a_token_worthless() -> None:
    signer = HmacTokenSigner("secret")
    token = signer.sign(OneTimePurpose.VERIFY_EMAIL, TOKEN_ID)
    changed = [token[:i] + ("A" if token[i] != "A" else "B") + token[i + 1 :] for i in range(len(token))]
    assert {signer.read(OneTimePurpose.VERIFY_EMAIL, text) for text in changed} == {None}


def test_an_access_token_works_until_it_expires() -> None:
    tokens = JwtAccessTokens("secret")
    token = tokens.issue(CLAIMS, at=NOW)
    assert tokens.read(token, at=NOW + ACCESS_TOKEN_LIFETIME - timedelta(seconds=1)) == CLAIMS
    assert tokens.read(token, at=NOW + ACCESS_TOKEN_LIFETIME) is None


def test_a_token_that_was_read_lends_nothing_to_one_like_it() -> None:
    tokens = JwtAccessTokens("secret")
    token = tokens.issue(CLAIMS, at=NOW)
    assert [tokens.read(token, at=NOW) for _ in range(2)] == [CLAIMS, CLAIMS]
    head, body, signature = token.split(".")
    alike = [token.lower(), f"{head}.{body}.", f"{head}.{body}.{signature[::-1]}", token[1:], f"{token} {token}"]
    assert {tokens.read(text, at=NOW) for text in alike for _ in range(2)} == {None}


def forged(key: bytes, **changes: object) -> str:
    payload = {
        "iss": "tailtribe",
        "aud": "tailtribe-api",
        "sub": str(CLAIMS.account_id),
        "sid": str(CLAIMS.session_id),
        "jti": "1",
        "iat": int(NOW.timestamp()),
        "exp": int(NOW.timestamp()) + 60,
    }
    changed = {name: value for name, value in (payload | changes).items() if value is not None}
    return jwt.encode(changed, key, algorithm="HS256")


def test_a_token_of_another_key_is_refused() -> None:
    assert JwtAccessTokens("secret").read(forged(b"x" * 32), at=NOW) is None
    assert JwtAccessTokens("other").read(JwtAccessTokens("secret").issue(CLAIMS, at=NOW), at=NOW) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": "another"},
        {"iss": "another"},
        {"sub": "nobody"},
        {"sid": None},
        {"exp": None},
        {"exp": "soon"},
        {"sub": None},
    ],
)
def test_a_token_with_other_claims_is_refused(changes: dict[str, object]) -> None:
    assert JwtAccessTokens("secret").read(forged(derived_key("secret", "access-tokens"), **changes), at=NOW) is None


@pytest.mark.parametrize("token", ["", "a.b.c", "x" * 5000, "é", "eyJhbGciOiJub25lIn0.e30."])
def test_garbage_reads_as_nothing(token: str) -> None:
    assert JwtAccessTokens("secret").read(token, at=NOW) is None


def test_an_unsigned_token_is_refused() -> None:
    payload = {"sub": str(UUID(int=1)), "sid": str(UUID(int=2)), "exp": 9999999999}
    assert JwtAccessTokens("secret").read(jwt.encode(payload, "", algorithm="none"), at=NOW) is None


def test_each_purpose_has_its_own_key() -> None:
    assert derived_key("secret", "a") != derived_key("secret", "b")
    assert len(derived_key("secret", "a")) == 32
