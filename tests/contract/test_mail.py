"""The promises of sending mail, of every adapter."""

import asyncio
import email
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from application.ports.mail import Mail, MailMessage, MailRefused, MailUnavailable
from infrastructure.mail.file_mail import FileMail
from infrastructure.mail.mime_message import SenderInvalid
from infrastructure.mail.resend_mail import ResendMail, create_resend_client
from infrastructure.mail.smtp_mail import SmtpMail
from tests.support.fault_server import FaultServer
from tests.support.polling import until
from tests.support.resend_peer import ResendPeer
from tests.support.server_process import START_DEADLINE_SECONDS
from tests.support.servers import KeptPort

GENEROUS_SECONDS = 30
SENDER = "TailTribe <hallo@tailtribe.be>"
LINK = "https://tailtribe.be/verify-email?token=abcdefghijklmnop.1234_-"
MAIL = MailMessage(
    id="0190-verify",
    to="an@example.com",
    subject="Bevestig je e-mailadres, één klik",
    text=f"Dag An,\n\nZoë en Jürgen wachten:\n{LINK}\n",
    html=f'<p>Dag An,</p><p>Zoë en Jürgen wachten: <a href="{LINK}">bevestig</a></p>',
    correlation_id="c-123",
)


@dataclass
class Peer:
    """The other side of SMTP: keeps what it took, and refuses as told."""

    answers: dict[str, str] = field(default_factory=dict[str, str])
    taken: list[bytes] = field(default_factory=list[bytes])
    recipients: list[str] = field(default_factory=list[str])
    silent_at: str = ""
    reached: bool = False

    async def _be_silent(self, step: str) -> None:
        if self.silent_at == step:
            self.reached = True
            await asyncio.Event().wait()

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await self._be_silent("DATA")
        if "DATA" in self.answers:
            return self.answers["DATA"]
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        self.recipients += envelope.rcpt_tos
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        await self._be_silent("QUIT")
        return "221 Bye"


def _authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object) -> AuthResult:
    return AuthResult(success=data == LoginPassword(b"user", b"p@ss"), handled=False)


@pytest.fixture
def peer() -> Peer:
    return Peer()


@pytest.fixture
def peer_address(peer: Peer) -> Iterator[str]:
    kept = KeptPort()
    controller = Controller(
        peer,
        hostname="127.0.0.1",
        port=kept.number,
        ready_timeout=START_DEADLINE_SECONDS,
        authenticator=_authenticate,
        auth_require_tls=False,
    )
    controller.start()
    yield f"127.0.0.1:{controller.port}"
    controller.stop()


@dataclass
class Mailbox:
    """`own_ids`: whether the Message-ID is ours."""

    mail: Mail
    raw: Callable[[], list[bytes]]
    own_ids: bool = True

    def received(self) -> list[EmailMessage]:
        return [email.message_from_bytes(content, policy=default) for content in self.raw()]

    def only(self) -> EmailMessage:
        (received,) = self.received()
        return received


@pytest.fixture
async def resend() -> AsyncIterator[Mailbox]:
    peer = ResendPeer()
    with FaultServer() as server:
        server.always = peer
        async with create_resend_client(peer.key, server.url) as client:
            yield Mailbox(ResendMail(SENDER, client=client), peer.delivered, own_ids=False)


@pytest.fixture
def smtp(peer: Peer, peer_address: str) -> Mailbox:
    return Mailbox(SmtpMail(f"smtp://{peer_address}", SENDER), lambda: peer.taken)


@pytest.fixture
def file(tmp_path: Path) -> Mailbox:
    directory = tmp_path / "mail"
    return Mailbox(FileMail(directory, SENDER), lambda: [path.read_bytes() for path in sorted(directory.glob("*.eml"))])


@pytest.fixture(params=["file", "smtp", "resend"])
def mailbox(request: pytest.FixtureRequest) -> Mailbox:
    return request.getfixturevalue(request.param)


def _files(directory: Path) -> list[Path]:
    return list(directory.iterdir())


def _part(received: EmailMessage, kind: str) -> str:
    part = received.get_body((kind,))
    assert part is not None
    return part.get_content().replace("\r\n", "\n")


async def test_the_mail_arrives_with_both_parts(mailbox: Mailbox) -> None:
    await mailbox.mail.send(MAIL)
    received = mailbox.only()
    assert received["From"] == "TailTribe <hallo@tailtribe.be>"
    assert received["To"] == "an@example.com"
    assert received["Subject"] == MAIL.subject
    if mailbox.own_ids:
        assert received["Message-ID"] == "<0190-verify@tailtribe.be>"
    assert received["X-Correlation-ID"] == "c-123"
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Date"].datetime.tzinfo is not None
    assert received.get_content_type() == "multipart/alternative"
    assert _part(received, "plain") == MAIL.text
    assert _part(received, "html").strip() == MAIL.html
    assert received.defects == []


async def test_the_same_id_twice_is_one_mail_or_has_one_message_id(mailbox: Mailbox) -> None:
    await mailbox.mail.send(MAIL)
    await mailbox.mail.send(MAIL)
    assert len({received["Message-ID"] for received in mailbox.received()}) == 1
    if mailbox.own_ids:
        assert mailbox.received()[0]["Message-ID"] == "<0190-verify@tailtribe.be>"
    else:
        assert len(mailbox.received()) == 1


async def test_without_a_correlation_id_there_is_no_such_header(mailbox: Mailbox) -> None:
    await mailbox.mail.send(replace(MAIL, correlation_id=None))
    assert "X-Correlation-ID" not in mailbox.only()


@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r", "\x0b", "\u2028"])
@pytest.mark.parametrize("header", ["subject", "correlation_id"])
async def test_a_value_cannot_begin_a_header_of_its_own(mailbox: Mailbox, header: str, line_end: str) -> None:
    evil = f"Dag{line_end}Bcc: eve@example.com{line_end}{line_end}Body"
    await mailbox.mail.send(replace(MAIL, **{header: evil}))
    received = mailbox.only()
    assert "Bcc" not in received
    assert _part(received, "plain") == MAIL.text


@pytest.mark.parametrize(
    "to",
    [
        "an@example.com\r\nBcc: eve@example.com",
        "an@example.com\nRCPT TO:<eve@example.com>",
        "an@example.com, eve@example.com",
        "an",
        "@example.com",
        "an@",
        "",
    ],
)
async def test_what_is_no_single_address_is_refused(mailbox: Mailbox, to: str) -> None:
    with pytest.raises(MailRefused):
        await mailbox.mail.send(replace(MAIL, to=to))
    assert mailbox.raw() == []


@pytest.mark.parametrize("mail_id", ["../../etc/passwd", "a/b", ".hidden", "a b", "a\nb", "", "a" * 200])
async def test_an_id_that_is_no_file_name_is_refused(mailbox: Mailbox, mail_id: str) -> None:
    with pytest.raises(MailRefused):
        await mailbox.mail.send(replace(MAIL, id=mail_id))
    assert mailbox.raw() == []


def test_a_sender_that_is_no_address_is_a_wrong_setting(tmp_path: Path) -> None:
    with pytest.raises(SenderInvalid):
        FileMail(tmp_path, "nobody")


async def test_a_bare_sender_gets_our_name(tmp_path: Path) -> None:
    await FileMail(tmp_path, "steven@tailtribe.be").send(MAIL)
    received = email.message_from_bytes((tmp_path / "0190-verify.eml").read_bytes(), policy=default)
    assert received["From"] == "TailTribe <steven@tailtribe.be>"
    assert received["Message-ID"] == "<0190-verify@tailtribe.be>"


async def test_the_same_id_overwrites_its_file_and_leaves_nothing_else(tmp_path: Path) -> None:
    mail = FileMail(tmp_path, SENDER)
    await mail.send(MAIL)
    await mail.send(replace(MAIL, subject="Anders"))
    (file,) = _files(tmp_path)
    assert email.message_from_bytes(file.read_bytes(), policy=default)["Subject"] == "Anders"


async def test_a_file_can_be_read_as_it_is(tmp_path: Path) -> None:
    await FileMail(tmp_path, SENDER).send(MAIL)
    written = (tmp_path / "0190-verify.eml").read_text()
    assert LINK in written
    assert "Zoë en Jürgen" in written


async def test_a_directory_that_cannot_be_written_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the directory should be")
    with pytest.raises(MailUnavailable):
        await FileMail(tmp_path / "mail", SENDER).send(MAIL)


async def test_a_refused_sender_is_our_mistake_and_loses_no_mail(peer: Peer, peer_address: str) -> None:
    mail = SmtpMail(f"smtp://{peer_address}", SENDER)
    peer.answers = {"MAIL": "550 not you"}
    with pytest.raises(MailUnavailable):
        await mail.send(MAIL)


@pytest.mark.parametrize("step", ["RCPT", "DATA"])
async def test_a_5xx_answer_refuses_the_mail_and_a_4xx_puts_it_off(peer: Peer, peer_address: str, step: str) -> None:
    mail = SmtpMail(f"smtp://{peer_address}", SENDER)
    peer.answers = {step: "550 never"}
    with pytest.raises(MailRefused):
        await mail.send(MAIL)
    peer.answers = {step: "451 later"}
    with pytest.raises(MailUnavailable):
        await mail.send(MAIL)
    peer.answers = {}
    await mail.send(MAIL)
    assert peer.recipients == ["an@example.com"]


async def test_a_server_that_is_away_is_unavailable() -> None:
    kept = KeptPort()
    with pytest.raises(MailUnavailable):
        await SmtpMail(f"smtp://127.0.0.1:{kept.number}", SENDER).send(MAIL)


async def test_a_server_that_hangs_after_it_took_the_mail_gets_it_no_second_time(peer: Peer, peer_address: str) -> None:
    peer.silent_at = "QUIT"
    async with asyncio.timeout(GENEROUS_SECONDS):
        await SmtpMail(f"smtp://{peer_address}", SENDER).send(MAIL)
    assert len(peer.taken) == 1


async def test_a_mail_that_is_given_up_ends_at_once(peer: Peer, peer_address: str) -> None:
    peer.silent_at = "DATA"
    sending = asyncio.create_task(SmtpMail(f"smtp://{peer_address}", SENDER, timeout_seconds=60).send(MAIL))
    await until(lambda: peer.reached)
    sending.cancel()
    done, _ = await asyncio.wait({sending}, timeout=GENEROUS_SECONDS)
    assert done == {sending}
    assert sending.cancelled()


async def test_the_password_is_taken_from_the_address(peer: Peer, peer_address: str) -> None:
    await SmtpMail(f"smtp://user:p%40ss@{peer_address}", SENDER).send(MAIL)
    assert len(peer.taken) == 1


async def test_a_wrong_password_puts_the_mail_off_instead_of_losing_it(peer_address: str) -> None:
    with pytest.raises(MailUnavailable):
        await SmtpMail(f"smtp://user:wrong@{peer_address}", SENDER).send(MAIL)


@pytest.mark.parametrize("url", ["http://localhost", "localhost:25", "smtp://", ""])
def test_an_address_of_another_kind_is_a_wrong_setting(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL"):
        SmtpMail(url, SENDER)
