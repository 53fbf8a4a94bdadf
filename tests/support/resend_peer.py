"""What Resend does with mails, as far as an adapter can tell, for a FaultServer to do."""

import json
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

from tests.support.fault_server import Answer, Request, answer


def resend_problem(status: int, name: str, message: str = "It says why.") -> Answer:
    return answer({"statusCode": status, "name": name, "message": message}, status=status)


@dataclass
class ResendPeer:
    """Takes each mail once by its idempotency key. Used as the behaviour of a FaultServer: `server.always = peer`."""

    key: str = "re_test"
    taken: dict[str, tuple[bytes, str]] = field(default_factory=dict[str, tuple[bytes, str]])

    def __call__(self, request: Request) -> Answer:
        if request.headers.get("authorization") != f"Bearer {self.key}":
            return resend_problem(401, "validation_error", "API key is invalid")
        if (request.method, request.path) != ("POST", "/emails"):
            return resend_problem(401, "restricted_api_key")
        key = request.headers["idempotency-key"]
        body, mail_id = self.taken.setdefault(key, (request.body, str(uuid4())))
        if body != request.body:
            return resend_problem(409, "invalid_idempotent_request")
        return answer({"id": mail_id})

    def delivered(self) -> list[bytes]:
        """The mails as they leave Resend: the Message-ID and the date are its own."""
        return [_mime(json.loads(body), mail_id) for body, mail_id in self.taken.values()]


def _mime(body: dict[str, Any], mail_id: str) -> bytes:
    mime = EmailMessage()
    mime["From"] = body["from"]
    mime["To"] = ", ".join(body["to"])
    mime["Subject"] = body["subject"]
    mime["Date"] = "Mon, 02 Nov 2026 09:00:00 +0000"
    mime["Message-ID"] = f"<{mail_id}@resend.test>"
    for name, value in body["headers"].items():
        mime[name] = value
    mime.set_content(body["text"])
    mime.add_alternative(body["html"], subtype="html")
    return mime.as_bytes()
