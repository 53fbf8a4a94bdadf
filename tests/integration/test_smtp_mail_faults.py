"""An SMTP server, unwell at each step: what becomes of the mail, and what the breaker makes of it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from application.ports.circuit_breakers import BreakerState
from application.ports.mail import Mail, MailMessage, MailOutcomeUnknown, MailPutOff, MailRefused, MailUnavailable
from infrastructure.mail.smtp_mail import SmtpMail
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker
from infrastructure.resilience.guarded_mail import GuardedMail, email_breaker
from tests.support.fault_server import HANG, RESET
from tests.support.passing_time import PassingTime
from tests.support.servers import KeptPort
from tests.support.smtp_peer import Reply, SmtpPeer

RULE = BREAKER_RULES["email"]
# Enough for a busy machine, and half of what the breaker allows. While the server hangs it passes at once.
TIMEOUT_SECONDS = 5
MAIL = MailMessage(id="m1", to="an@example.com", subject="Dag", text="Dag", html="<p>Dag</p>")
OFFERS_TLS = "250-peer\r\n250 STARTTLS"

# Nothing was taken, for reasons of the server's or of our settings: later, and the breaker counts it.
AWAY: dict[str, dict[str, Reply]] = {
    "hangs at the greeting": {"greeting": HANG},
    "resets at the greeting": {"greeting": RESET},
    "greets with garbage": {"greeting": "HTTP/1.1 400 Bad Request"},
    "greets with half a code": {"greeting": "22"},
    "greets with 421": {"greeting": "421 too busy"},
    "greets with 554": {"greeting": "554 not you"},
    "hangs at the hello": {"EHLO": HANG},
    "refuses the hello": {"EHLO": "550 no", "HELO": "550 no"},
    "offers TLS and will not have it": {"EHLO": OFFERS_TLS, "STARTTLS": "454 no TLS now"},
    "offers TLS and speaks none": {"EHLO": OFFERS_TLS},
    "offers TLS and hangs": {"EHLO": OFFERS_TLS, "STARTTLS": HANG},
    "offers TLS and resets": {"EHLO": OFFERS_TLS, "STARTTLS": RESET},
    "hangs at the sender": {"MAIL": HANG},
    "421 to the sender": {"MAIL": "421 closing down"},
    "451 to the sender": {"MAIL": "451 error in processing"},
    "wants a password": {"MAIL": "530 sign in first"},
    "garbage to the sender": {"MAIL": "okay then"},
    "hangs at the recipient": {"RCPT": HANG},
    "resets at the recipient": {"RCPT": RESET},
    "421 to the recipient": {"RCPT": "421 closing down"},
    "421 before the content": {"DATA": "421 closing down"},
    "451 after the content": {"content": "451 error in processing"},
    "421 after the content": {"content": "421 closing down"},
}
# It may have been taken: later, and the breaker counts it.
UNKNOWN: dict[str, dict[str, Reply]] = {
    "hangs after the content": {"content": HANG},
    "resets after the content": {"content": RESET},
    "garbage after the content": {"content": "okay then"},
    "a code of another step after the content": {"content": "354 go ahead"},
}
# This speaks of the mail alone: the breaker does not count it.
PUT_OFF: dict[str, dict[str, Reply]] = {
    "greylisted": {"RCPT": "451 come again in 5 minutes"},
    "mailbox full for now": {"RCPT": "452 no room"},
}
REFUSED: dict[str, dict[str, Reply]] = {
    "550 to the recipient": {"RCPT": "550 nobody here"},
    "554 before the content": {"DATA": "554 no valid recipients"},
    "554 after the content": {"content": "554 that is spam"},
    "refuses and falls silent": {"RCPT": "550 nobody here", "RSET": HANG, "QUIT": HANG},
}
EVERYTHING: dict[str, tuple[dict[str, Reply], type[Exception]]] = {
    name: (replies, error)
    for faults, error in (
        (AWAY, MailUnavailable),
        (UNKNOWN, MailOutcomeUnknown),
        (PUT_OFF, MailPutOff),
        (REFUSED, MailRefused),
    )
    for name, replies in faults.items()
}


@pytest.fixture
async def peer(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SmtpPeer]:
    peer = await SmtpPeer(hanging=PassingTime(monkeypatch).skip).start()
    yield peer
    await peer.stop()


@pytest.fixture
def mail(peer: SmtpPeer) -> SmtpMail:
    return SmtpMail(f"smtp://127.0.0.1:{peer.port}", "hallo@tailtribe.be", timeout_seconds=TIMEOUT_SECONDS)


async def _fails(mail: Mail, error: type[Exception]) -> None:
    with pytest.raises(error) as raised:
        await mail.send(MAIL)
    assert raised.type is error
    # The server's texts may hold addresses.
    assert "nobody here" not in str(raised.value)


@pytest.mark.parametrize("fault", EVERYTHING)
async def test_what_happened_is_told_and_over_with_the_next_mail(peer: SmtpPeer, mail: SmtpMail, fault: str) -> None:
    peer.replies, error = EVERYTHING[fault]

    await _fails(mail, error)
    peer.replies = {}
    await mail.send(MAIL)
    assert peer.steps.count("content") >= 1


@pytest.mark.parametrize("fault", [name for name in AWAY if "TLS" in name])
async def test_a_server_that_offered_tls_gets_nothing_in_clear(peer: SmtpPeer, mail: SmtpMail, fault: str) -> None:
    peer.replies = AWAY[fault]

    await _fails(mail, MailUnavailable)
    assert "MAIL" not in peer.steps


async def test_a_refused_connection_is_told() -> None:
    kept = KeptPort()
    await _fails(SmtpMail(f"smtp://127.0.0.1:{kept.number}", "hallo@tailtribe.be"), MailUnavailable)


@pytest.mark.parametrize("goodbye", [HANG, RESET, "500 what?"], ids=["hangs", "resets", "garbage"])
async def test_what_was_taken_stays_taken_however_the_server_says_goodbye(peer: SmtpPeer, goodbye: Reply) -> None:
    peer.replies = {"QUIT": goodbye}
    mail = SmtpMail(f"smtp://127.0.0.1:{peer.port}", "hallo@tailtribe.be", timeout_seconds=600)

    # Nobody waits for the goodbye as long as for the rest.
    async with asyncio.timeout(60):
        await mail.send(MAIL)
    assert len(peer.taken) == 1


async def test_an_address_that_the_server_cannot_write_is_refused(mail: SmtpMail) -> None:
    with pytest.raises(MailRefused):
        await mail.send(replace(MAIL, to="jürgen@example.com"))


@pytest.mark.parametrize("fault", [*AWAY, *UNKNOWN])
async def test_after_five_failures_the_server_is_left_alone(peer: SmtpPeer, mail: SmtpMail, fault: str) -> None:
    peer.replies, error = EVERYTHING[fault]
    breaker = email_breaker()

    for _ in range(RULE.failures_to_open):
        assert breaker.state is BreakerState.CLOSED
        await _fails(GuardedMail(mail, breaker), error)
    assert breaker.state is BreakerState.OPEN


@pytest.mark.parametrize("fault", [*PUT_OFF, *REFUSED])
async def test_what_speaks_of_one_mail_does_not_count(peer: SmtpPeer, mail: SmtpMail, fault: str) -> None:
    peer.replies, error = EVERYTHING[fault]
    breaker = email_breaker()

    for _ in range(2 * RULE.failures_to_open):
        await _fails(GuardedMail(mail, breaker), error)
    assert (breaker.state, breaker.status().failures) == (BreakerState.CLOSED, 0)


async def test_who_is_given_up_holds_nobody_up(peer: SmtpPeer) -> None:
    """The breaker's time-out ends the conversation at once: no goodbye is waited for."""
    peer.replies = {"content": HANG, "QUIT": HANG}
    patient = SmtpMail(f"smtp://127.0.0.1:{peer.port}", "hallo@tailtribe.be", timeout_seconds=600)
    breaker = Breaker("email", replace(RULE, timeout_seconds=TIMEOUT_SECONDS))

    async with asyncio.timeout(60):
        await _fails(GuardedMail(patient, breaker), MailOutcomeUnknown)
    assert breaker.status().failures == 1


async def test_a_mail_that_comes_again_has_the_same_message_id(peer: SmtpPeer, mail: SmtpMail) -> None:
    peer.replies = {"content": RESET}
    await _fails(mail, MailOutcomeUnknown)
    peer.replies = {}
    await mail.send(MAIL)

    assert len(peer.taken) == 2
    assert all(b"Message-ID: <m1@tailtribe.be>\r\n" in taken for taken in peer.taken)
