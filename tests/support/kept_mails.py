"""Mails that go nowhere, and the use case that writes them in a world."""

from application.mails.send_mail import SendMail
from application.ports.mail import Mail, MailMessage
from infrastructure.mail.jinja_mail_templates import JinjaMailTemplates
from infrastructure.persistence.mails.sql_mail_queries import SqlMailQueries
from infrastructure.persistence.operations.sql_alert_queries import SqlAlertQueries
from infrastructure.tokens.hmac_token_signer import HmacTokenSigner
from tests.support.booking_world import BookingWorld


class KeptMails(Mail):
    def __init__(self) -> None:
        self.sent: list[MailMessage] = []

    async def send(self, message: MailMessage) -> None:
        self.sent.append(message)


def writing_to(mail: KeptMails, world: BookingWorld) -> SendMail:
    return SendMail(
        queries=SqlMailQueries(world.database),
        alerts=SqlAlertQueries(world.database),
        templates=JinjaMailTemplates(support_email="help@tailtribe.test"),
        mail=mail,
        token_signer=HmacTokenSigner("secret of the tests"),
        clock=world.clock,
        public_url="https://tailtribe.test",
    )
