"""How long a caller waits for an answer."""

from http import HTTPStatus

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, ReceiveMessage, Scope, Send

from application.deadline import DeadlineExceeded, deadline_in, forget_deadline, within_deadline

# More than the slowest call outside may take (payments, 15 s): its time-out must show as one of the provider.
REQUEST_SECONDS = 20.0


class BodyTookTooLong(HTTPException):
    status_code = HTTPStatus.REQUEST_TIMEOUT
    detail = "The body did not arrive in time."


class RequestDeadline(ASGIMiddleware):
    """Sets the deadline that statements and calls outside keep, and waits for the body no longer.

    It ends when the answer begins: a stream may last. Nothing is cut off but waiting, so that no commit is torn.
    """

    scopes = (ScopeType.HTTP,)

    def __init__(self, seconds: float = REQUEST_SECONDS) -> None:
        self._seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        body_is_here = False

        async def receive_in_time() -> ReceiveMessage:
            nonlocal body_is_here
            if body_is_here:
                return await receive()
            try:
                async with within_deadline():
                    message = await receive()
            except DeadlineExceeded:
                raise BodyTookTooLong(headers={"connection": "close"}) from None
            body_is_here = message["type"] != "http.request" or not message["more_body"]
            return message

        async def send_without_deadline(message: Message) -> None:
            forget_deadline()
            await send(message)

        with deadline_in(self._seconds):
            await next_app(scope, receive_in_time, send_without_deadline)
