"""Admins look after money: what is on its way, what failed, and what differs."""

from typing import Annotated
from uuid import UUID

from litestar import Controller, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter
from msgspec import Meta, Struct

from application.ports.booking_queries import BookingView
from application.ports.money_queries import AdminPayoutView, AdminRefundView, ChargebackView, DifferenceView
from application.ports.views import MoneyView, Page
from application.use_cases import UseCases
from domain.bookings.booking_life import BookingId
from domain.payments.chargeback import ChargebackStatus
from domain.payments.difference import DifferenceId
from domain.payments.ledger import LedgerAccount
from domain.payments.payout import PayoutStatus
from domain.payments.refund import RefundId, RefundStatus
from domain.shared.actor import Actor
from domain.shared.money import Money
from domain.shared.texts import paragraphs
from interfaces.http.authentication import admin_only
from interfaces.http.openapi import BEARER, problems_of
from interfaces.http.pagination import DEFAULT_LIMIT, Cursor, Limit


class WhyBody(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Goes into the audit log."""

    reason: Annotated[str, Meta(min_length=1, max_length=1000, examples=["The caregiver has opened a new account."])]

    def text(self) -> str:
        return paragraphs(self.reason, field="reason")


class LedgerView(Struct, frozen=True, kw_only=True):
    """The balance of every account, debits less credits: what is owed is negative. `sum` is 0, always."""

    balances: dict[LedgerAccount, MoneyView]
    sum: MoneyView


class AdminMoneyController(Controller):
    path = "/api/admin"
    tags = ("Admin",)
    security = BEARER
    guards = [admin_only]  # noqa: RUF012 - Litestar's way to declare it

    @get("/ledger", summary="The balances of the ledger", responses=problems_of(401, 403))
    async def ledger(self, use_cases: NamedDependency[UseCases]) -> LedgerView:
        balances = await use_cases.ledger_queries.balances()
        total = sum(balances.values(), Money.zero())
        return LedgerView(
            balances={account: MoneyView.of(balance) for account, balance in balances.items()},
            sum=MoneyView.of(total),
        )

    @get("/payouts", summary="Payouts, the newest first", responses=problems_of(401, 403))
    async def payouts(
        self,
        use_cases: NamedDependency[UseCases],
        status: Annotated[PayoutStatus | None, QueryParameter(description="All when absent")] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[AdminPayoutView]:
        return await use_cases.money_queries.payouts(status=status, limit=limit, cursor=cursor)

    @post(
        "/bookings/{booking_id:uuid}/release-payout",
        status_code=200,
        summary="Pay in spite of a chargeback, or send a failed payout again",
        responses=problems_of(401, 403, 404, 409),
    )
    async def release(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        booking_id: FromPath[UUID],
        data: JSONBody[WhyBody],
    ) -> BookingView:
        await use_cases.release_payout.execute(admin=actor, booking_id=BookingId(booking_id), reason=data.text())
        return await use_cases.booking_queries.get(BookingId(booking_id), viewer=actor)

    @get("/refunds", summary="Refunds, the newest first", responses=problems_of(401, 403))
    async def refunds(
        self,
        use_cases: NamedDependency[UseCases],
        status: Annotated[RefundStatus | None, QueryParameter(description="All when absent")] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[AdminRefundView]:
        return await use_cases.money_queries.refunds(status=status, limit=limit, cursor=cursor)

    @post(
        "/refunds/{refund_id:uuid}/retry",
        status_code=202,
        summary="Make a failed refund again",
        responses=problems_of(401, 403, 404, 409),
    )
    async def retry_refund(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        refund_id: FromPath[UUID],
        data: JSONBody[WhyBody],
    ) -> None:
        await use_cases.retry_refund.execute(admin=actor, refund_id=RefundId(refund_id), reason=data.text())

    @get("/chargebacks", summary="Chargebacks and their deadlines, the newest first", responses=problems_of(401, 403))
    async def chargebacks(
        self,
        use_cases: NamedDependency[UseCases],
        status: Annotated[ChargebackStatus | None, QueryParameter(description="All when absent")] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[ChargebackView]:
        return await use_cases.money_queries.chargebacks(status=status, limit=limit, cursor=cursor)

    @get(
        "/reconciliation",
        summary="What differs between our books and the provider's, the newest first",
        responses=problems_of(401, 403),
    )
    async def differences(
        self,
        use_cases: NamedDependency[UseCases],
        gone: Annotated[bool | None, QueryParameter(description="Both when absent")] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: Cursor = None,
    ) -> Page[DifferenceView]:
        return await use_cases.money_queries.differences(gone=gone, limit=limit, cursor=cursor)

    @post(
        "/reconciliation/{difference_id:uuid}/dismiss",
        status_code=204,
        summary="Take an explained difference off the list",
        responses=problems_of(401, 403, 404, 409),
    )
    async def dismiss(
        self,
        use_cases: NamedDependency[UseCases],
        actor: NamedDependency[Actor],
        difference_id: FromPath[UUID],
        data: JSONBody[WhyBody],
    ) -> None:
        await use_cases.dismiss_difference.execute(
            admin=actor, difference_id=DifferenceId(difference_id), reason=data.text()
        )
