"""Registering, signing in, and the caller's own account."""

from typing import Annotated, cast

from litestar import Controller, Response, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from msgspec import UNSET, Meta, Struct, UnsetType

from application.accounts.sign_in_tokens import SignInTokens
from application.ports.account_queries import AccountView
from application.use_cases import UseCases
from domain.accounts.account import AccountChanges
from domain.shared.actor import Actor
from domain.shared.languages import Language
from interfaces.http.authentication import IGNORE_TOKEN, session_of
from interfaces.http.idempotency import NOT_REPLAYED
from interfaces.http.json_body import HttpRequest, NoInput
from interfaces.http.openapi import BEARER, problems_of

Email = Annotated[
    str, Meta(min_length=3, max_length=254, examples=["an@example.be"], extra_json_schema={"format": "email"})
]
AnyPassword = Annotated[str, Meta(min_length=1, max_length=1024, examples=["four unlikely small words"])]
NewPassword = Annotated[str, Meta(min_length=12, max_length=128, examples=["four unlikely small words"])]
FirstName = Annotated[str, Meta(min_length=1, max_length=80, examples=["An"])]
LastName = Annotated[str, Meta(min_length=1, max_length=80, examples=["Peeters"])]
Phone = Annotated[str, Meta(min_length=6, max_length=32, examples=["+32 470 12 34 56"])]
PostalAddress = Annotated[str, Meta(min_length=1, max_length=300, examples=["Veldstraat 1, 9000 Gent"])]
Token = Annotated[str, Meta(min_length=16, max_length=512, examples=["AZPx0hN3cqiYb2cVb1mC3w.c2lnbmF0dXJl"])]
RefreshToken = Annotated[
    str, Meta(min_length=1, max_length=512, examples=["pJ2c0f7m3yQ9wV1bXk5sR8tU6zA4dE_gHnLoMiNqPrS"])
]
ReferralCode = Annotated[str, Meta(min_length=1, max_length=40, examples=["AN-7K2Q"])]
SecondFactorCode = Annotated[str, Meta(min_length=6, max_length=40, examples=["123456"])]


class RegisterBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    email: Email
    password: NewPassword
    first_name: FirstName
    last_name: LastName
    language: Language = Language.NL
    referral_code: ReferralCode | None = None


class LogInBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    email: Email
    password: AnyPassword
    code: SecondFactorCode | None = None


class RefreshTokenBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    refresh_token: RefreshToken


class VerifyEmailBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    token: Token


class ForgotPasswordBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    email: Email


class ResetPasswordBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    token: Token
    password: NewPassword


class ChangePasswordBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    current_password: AnyPassword
    new_password: NewPassword


class AccountChangesBody(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is absent stays as it is; null empties what may be empty."""

    first_name: FirstName | UnsetType = UNSET
    last_name: LastName | UnsetType = UNSET
    language: Language | UnsetType = UNSET
    phone: Phone | UnsetType | None = UNSET
    address: PostalAddress | UnsetType | None = UNSET

    def changes(self) -> AccountChanges:
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return cast("AccountChanges", {name: value for name, value in given.items() if value is not UNSET})


class SignInView(Struct, frozen=True, kw_only=True, rename="camel"):
    """Tokens of a session. `expiresIn` is the access token's life in seconds."""

    access_token: str
    refresh_token: str
    expires_in: int
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme


def _sign_in_view(tokens: SignInTokens) -> SignInView:
    return SignInView(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        expires_in=tokens.expires_in_seconds,
    )


class AuthController(Controller):
    """Whoever comes here has no valid token yet: one that is sent along is not looked at."""

    path = "/api/auth"
    tags = ("Accounts",)
    opt = {IGNORE_TOKEN: True}  # noqa: RUF012 - Litestar's way to declare it

    @post("/register", summary="Open an account", responses=problems_of(409))
    async def register(
        self, use_cases: NamedDependency[UseCases], data: JSONBody[RegisterBody]
    ) -> Response[AccountView]:
        account_id = await use_cases.register_account.execute(
            email=data.email,
            password=data.password,
            first_name=data.first_name,
            last_name=data.last_name,
            language=data.language,
            referral_code=data.referral_code,
        )
        account = await use_cases.show_account.execute(account_id=account_id)
        return Response(account, headers={"location": "/api/me"})

    @post("/login", status_code=200, summary="Sign in", responses=problems_of(401, 403), opt={NOT_REPLAYED: True})
    async def log_in(self, use_cases: NamedDependency[UseCases], data: JSONBody[LogInBody]) -> SignInView:
        return _sign_in_view(await use_cases.log_in.execute(email=data.email, password=data.password))

    @post(
        "/refresh",
        status_code=200,
        summary="Exchange a refresh token; a used one ends the session",
        responses=problems_of(401, 403),
        opt={NOT_REPLAYED: True},
    )
    async def refresh(self, use_cases: NamedDependency[UseCases], data: JSONBody[RefreshTokenBody]) -> SignInView:
        return _sign_in_view(await use_cases.refresh_session.execute(refresh_token=data.refresh_token))

    @post(
        "/logout",
        status_code=204,
        summary="End the session of a refresh token",
        responses=problems_of(),
        opt={NOT_REPLAYED: True},
    )
    async def log_out(self, use_cases: NamedDependency[UseCases], data: JSONBody[RefreshTokenBody]) -> None:
        await use_cases.log_out.execute(refresh_token=data.refresh_token)

    @post("/verify-email", status_code=204, summary="Verify an address by its mailed token", responses=problems_of())
    async def verify_email(self, use_cases: NamedDependency[UseCases], data: JSONBody[VerifyEmailBody]) -> None:
        await use_cases.verify_email.execute(token=data.token)

    @post(
        "/forgot-password",
        status_code=204,
        summary="Mail a link to set a new password, if the address is known",
        responses=problems_of(),
        opt={NOT_REPLAYED: True},
    )
    async def forgot_password(self, use_cases: NamedDependency[UseCases], data: JSONBody[ForgotPasswordBody]) -> None:
        await use_cases.request_password_reset.execute(email=data.email)

    @post(
        "/reset-password",
        status_code=204,
        summary="Set a new password by a mailed token; ends all sessions",
        responses=problems_of(),
        opt={NOT_REPLAYED: True},
    )
    async def reset_password(self, use_cases: NamedDependency[UseCases], data: JSONBody[ResetPasswordBody]) -> None:
        await use_cases.reset_password.execute(token=data.token, password=data.password)


class MeController(Controller):
    path = "/api/me"
    tags = ("Accounts",)
    security = BEARER

    @get(summary="The account and its roles", responses=problems_of(401))
    async def show(self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor]) -> AccountView:
        return await use_cases.show_account.execute(account_id=actor.account_id)

    @patch(summary="Change names, language, phone or address", responses=problems_of(401, 409))
    async def update(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        data: JSONBody[AccountChangesBody],
    ) -> AccountView:
        await use_cases.update_account.execute(actor=actor, changes=data.changes())
        return await use_cases.show_account.execute(account_id=actor.account_id)

    @post(
        "/password",
        status_code=204,
        summary="Change the password; ends all other sessions",
        responses=problems_of(401),
    )
    async def change_password(
        self,
        request: HttpRequest,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        data: JSONBody[ChangePasswordBody],
    ) -> None:
        await use_cases.change_password.execute(
            actor=actor,
            session_id=session_of(request),
            current_password=data.current_password,
            new_password=data.new_password,
        )

    @post(
        "/verification",
        status_code=204,
        summary="Mail the link that verifies the address again",
        responses=problems_of(401, 409),
    )
    async def resend_verification(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        data: JSONBody[NoInput | None] = None,  # noqa: ARG002 - refuses any other body
    ) -> None:
        await use_cases.resend_verification.execute(actor=actor)

    @delete("/sessions", summary="Sign out everywhere", responses=problems_of(401))
    async def log_out_everywhere(self, use_cases: NamedDependency[UseCases], actor: NamedDependency[Actor]) -> None:
        await use_cases.log_out_everywhere.execute(actor=actor)
