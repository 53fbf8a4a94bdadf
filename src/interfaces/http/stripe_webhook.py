"""Where Stripe sends its notices. Their signature is their proof; nobody signs in, and no limit of calls holds."""

from litestar import Controller, post
from litestar.di import NamedDependency

from application.payments.receive_payment_notice import ReceivePaymentNotice
from application.use_cases import UseCases
from domain.shared.errors import NotFound
from interfaces.http.authentication import IGNORE_TOKEN
from interfaces.http.idempotency import NOT_REPLAYED
from interfaces.http.json_body import HttpRequest
from interfaces.http.openapi import problems_of


class NotTheProvider(NotFound):
    title = "Stripe is not the payment provider here"


class StripeWebhookController(Controller):
    path = "/api/webhooks/stripe"
    tags = ("Payments",)
    # The events of a provider have ids of their own.
    opt = {IGNORE_TOKEN: True, NOT_REPLAYED: True}  # noqa: RUF012 - Litestar's way to declare it

    @post(
        status_code=204,
        summary="Take a signed notice of Stripe's; 204 once it is kept, and again each time it is repeated",
        responses=problems_of(404),
    )
    async def receive(self, use_cases: NamedDependency[UseCases], request: HttpRequest) -> None:
        """The body is read as it came: what is signed are its bytes."""
        signature = request.headers.get("stripe-signature", "")
        await _webhook(use_cases).execute(body=await request.body(), signature=signature)


def _webhook(use_cases: UseCases) -> ReceivePaymentNotice:
    if use_cases.receive_payment_notice is None:
        raise NotTheProvider
    return use_cases.receive_payment_notice
