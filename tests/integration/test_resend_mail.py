"""Resend, well and unwell: what becomes of the mail, and what the breaker makes of it."""

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from application.ports.circuit_breakers import BreakerState, CircuitOpen
from application.ports.mail import MailMessage, MailOutcomeUnknown, MailPutOff, MailRefused, MailUnavailable
from infrastructure.mail.file_mail import FileMail
from infrastructure.mail.mime_message import SenderInvalid
from infrastructure.mail.resend_mail import LONGEST_ANSWER_BYTES, ResendMail, create_resend_client
from infrastructure.mail.smtp_mail import SmtpMail
from infrastructure.resilience.breaker import BREAKER_RULES, Breaker
from infrastructure.resilience.guarded_mail import GuardedMail, email_breaker
from interfaces.bootstrap.doctor import examine
from interfaces.bootstrap.outside import choose_mail
from interfaces.bootstrap.settings import BadSettings, Settings
from tests.support.fault_server import (
    HANG,
    RESET,
    Answer,
    Behaviour,
    FaultServer,
    answer,
    broken_json,
    server_error,
    slow,
    too_many_requests,
)
from tests.support.resend_peer import ResendPeer, resend_problem

RULE = BREAKER_RULES["email"]
IMPATIENT_SECONDS = 0.05
SENDER = "TailTribe <hallo@tailtribe.be>"
MAIL = MailMessage(
    id="0190-verify", to="an@example.com", subject="Dag", text="Dag", html="<p>Dag</p>", correlation_id="c-1"
)
TAKEN = answer({"id": "49a3999c"})

# What happened → what is told. The breaker counts all of these but the refused and those put off.
FAULTS: dict[str, tuple[Behaviour, type[Exception]]] = {
    "reset": (RESET, MailOutcomeUnknown),
    "server error": (server_error(), MailOutcomeUnknown),
    "bad gateway": (server_error(502), MailOutcomeUnknown),
    "taken, with broken JSON": (broken_json(), MailOutcomeUnknown),
    "taken, with another document": (answer({"object": "email"}), MailOutcomeUnknown),
    "taken, with no text": (Answer(body=b'{"id": "\xff"}'), MailOutcomeUnknown),
    "taken, endlessly": (answer({"id": "x" * LONGEST_ANSWER_BYTES}), MailOutcomeUnknown),
    "redirect": (Answer(status=307, headers={"Location": "/elsewhere"}), MailUnavailable),
    "too many requests": (too_many_requests("7"), MailUnavailable),
    "quota used up": (resend_problem(429, "daily_quota_exceeded"), MailUnavailable),
    "no such key": (resend_problem(401, "validation_error", "API key is invalid"), MailUnavailable),
    "key of no form": (resend_problem(400, "validation_error", "API key is invalid"), MailUnavailable),
    "key taken back": (resend_problem(403, "invalid_api_key"), MailUnavailable),
    "domain not verified": (resend_problem(403, "validation_error"), MailUnavailable),
    "sender not accepted": (resend_problem(422, "invalid_from_address"), MailUnavailable),
    "no such route": (resend_problem(404, "not_found"), MailUnavailable),
    "security": (resend_problem(451, "security_error"), MailUnavailable),
    "unknown conflict": (answer({}, status=409), MailUnavailable),
}
ABOUT_THIS_MAIL: dict[str, tuple[Behaviour, type[Exception]]] = {
    "invalid": (resend_problem(400, "validation_error", "Invalid `to` field"), MailRefused),
    "invalid, in broken JSON": (Answer(status=422, body=b'{"name'), MailRefused),
    "too large": (Answer(status=413), MailRefused),
    "meaningless": (resend_problem(422, "invalid_parameter"), MailRefused),
    "taken before in other words": (resend_problem(409, "invalid_idempotent_request"), MailRefused),
    "under way": (resend_problem(409, "concurrent_idempotent_requests"), MailPutOff),
}


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as server:
        server.always = TAKEN
        yield server


@pytest.fixture
async def client(server: FaultServer) -> AsyncIterator[httpx.AsyncClient]:
    async with create_resend_client("re_test", server.url) as client:
        yield client


@pytest.fixture
def resend(client: httpx.AsyncClient) -> ResendMail:
    return ResendMail(SENDER, client=client)


@pytest.fixture
def breaker() -> Breaker:
    return email_breaker()


@pytest.fixture
def guarded(resend: ResendMail, breaker: Breaker) -> GuardedMail:
    return GuardedMail(resend, breaker)


async def test_a_mail_is_one_request_under_its_own_key(server: FaultServer, resend: ResendMail) -> None:
    await resend.send(MAIL)

    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/emails")
    assert request.headers["authorization"] == "Bearer re_test"
    assert request.headers["idempotency-key"] == "0190-verify"
    assert request.headers["user-agent"] == "TailTribe"
    assert json.loads(request.body) == {
        "from": "TailTribe <hallo@tailtribe.be>",
        "to": ["an@example.com"],
        "subject": "Dag",
        "text": "Dag",
        "html": "<p>Dag</p>",
        "headers": {
            "X-Entity-Ref-ID": "0190-verify",
            "Auto-Submitted": "auto-generated",
            "X-Correlation-ID": "c-1",
        },
    }


async def test_a_name_with_commas_and_quotes_stays_one_sender(server: FaultServer, client: httpx.AsyncClient) -> None:
    await ResendMail('"Tribe, \\"Tail\\"" <hallo@tailtribe.be>', client=client).send(MAIL)

    assert json.loads(server.requests[0].body)["from"] == '"Tribe, \\"Tail\\"" <hallo@tailtribe.be>'
    with pytest.raises(SenderInvalid):
        ResendMail("nobody", client=client)


async def test_a_base_address_may_have_a_path(server: FaultServer) -> None:
    async with create_resend_client("re_test", f"{server.url}/resend/") as client:
        await ResendMail(SENDER, client=client).send(MAIL)

    assert server.requests[0].path == "/resend/emails"


@pytest.mark.parametrize("fault", [*FAULTS, *ABOUT_THIS_MAIL])
async def test_what_happened_is_told_and_over_with_the_next_request(
    server: FaultServer, resend: ResendMail, fault: str
) -> None:
    behaviour, error = (FAULTS | ABOUT_THIS_MAIL)[fault]
    server.play(behaviour, slow(0.01, TAKEN))

    with pytest.raises(error) as raised:
        await resend.send(MAIL)
    assert raised.type is error
    await resend.send(MAIL)
    # Nobody followed a redirect or asked again by himself.
    assert [request.path for request in server.requests] == ["/emails", "/emails"]


@pytest.mark.parametrize("behaviour", [HANG, slow(600, TAKEN)], ids=["hangs", "slow"])
async def test_silence_leaves_open_whether_the_mail_was_taken(
    server: FaultServer, client: httpx.AsyncClient, resend: ResendMail, behaviour: Behaviour
) -> None:
    server.play(behaviour)
    client.timeout = httpx.Timeout(5, read=IMPATIENT_SECONDS)

    with pytest.raises(MailOutcomeUnknown):
        await resend.send(MAIL)


async def test_a_refused_connection_means_that_nothing_was_taken(server: FaultServer, resend: ResendMail) -> None:
    server.stop()

    with pytest.raises(MailUnavailable) as raised:
        await resend.send(MAIL)
    assert raised.type is MailUnavailable


async def test_what_was_taken_before_the_connection_broke_is_taken_once(
    server: FaultServer, resend: ResendMail
) -> None:
    peer = ResendPeer()

    def take_and_stumble(request: object) -> Answer:
        peer(server.requests[-1])
        return server_error()

    server.play(take_and_stumble)
    server.always = peer
    with pytest.raises(MailOutcomeUnknown):
        await resend.send(MAIL)
    await resend.send(MAIL)
    assert len(peer.delivered()) == 1

    with pytest.raises(MailRefused, match="other words"):
        await resend.send(replace(MAIL, text="Anders"))
    assert len(peer.delivered()) == 1


async def test_the_pause_that_resend_asks_for_is_told(server: FaultServer, resend: ResendMail) -> None:
    server.play(too_many_requests("7"), resend_problem(429, "rate_limit_exceeded"))

    for seconds in (7, 0):
        with pytest.raises(MailUnavailable) as raised:
            await resend.send(MAIL)
        assert raised.value.retry_after_seconds == seconds


async def test_errors_hold_no_key_no_address_and_nothing_that_resend_made_up(
    server: FaultServer, resend: ResendMail
) -> None:
    for name in ("re_test an@example.com", "a" * 61, "né"):
        server.play(resend_problem(422, name, "an@example.com re_test"))
        with pytest.raises(MailRefused) as raised:
            await resend.send(MAIL)
        assert str(raised.value) == "Resend answers 422 no reason"


@pytest.mark.parametrize("fault", FAULTS)
async def test_after_five_failures_resend_is_left_alone(
    server: FaultServer, guarded: GuardedMail, breaker: Breaker, fault: str
) -> None:
    server.always, error = FAULTS[fault]

    for _ in range(RULE.failures_to_open):
        assert breaker.state is BreakerState.CLOSED
        with pytest.raises(error):
            await guarded.send(MAIL)
    assert breaker.state is BreakerState.OPEN
    with pytest.raises(CircuitOpen):
        await guarded.send(MAIL)
    assert len(server.requests) == RULE.failures_to_open


@pytest.mark.parametrize("fault", ABOUT_THIS_MAIL)
async def test_what_speaks_of_one_mail_does_not_count(
    server: FaultServer, guarded: GuardedMail, breaker: Breaker, fault: str
) -> None:
    server.always, error = ABOUT_THIS_MAIL[fault]

    for _ in range(2 * RULE.failures_to_open):
        with pytest.raises(error):
            await guarded.send(MAIL)
    assert (breaker.state, breaker.status().failures) == (BreakerState.CLOSED, 0)


async def test_resend_that_hangs_is_given_up_and_left_alone(server: FaultServer, resend: ResendMail) -> None:
    server.always = HANG
    breaker = Breaker("email", replace(RULE, timeout_seconds=IMPATIENT_SECONDS))

    for _ in range(RULE.failures_to_open):
        with pytest.raises(MailOutcomeUnknown):
            await GuardedMail(resend, breaker).send(MAIL)
    assert breaker.state is BreakerState.OPEN


async def test_the_settings_choose_who_sends(tmp_path: Path) -> None:
    smtp = {"SMTP_URL": "smtp://127.0.0.1:25"}
    for environment, kind in (({}, FileMail), (smtp, SmtpMail), (smtp | {"RESEND_API_KEY": "re_1"}, ResendMail)):
        mail, close = choose_mail(Settings.read({"DATA_DIR": str(tmp_path), **environment}))
        assert isinstance(mail, kind)
        await close()


@pytest.mark.parametrize(
    "environment",
    [{"RESEND_API_KEY": "re 1"}, {"RESEND_API_KEY": "ré"}, {"RESEND_API_BASE": "api.resend.example"}],
    ids=["space", "accent", "no scheme"],
)
def test_settings_that_cannot_be_are_refused_without_telling_them(environment: dict[str, str]) -> None:
    (name, value), *_ = environment.items()
    with pytest.raises(BadSettings, match=name) as raised:
        Settings.read(environment)
    assert value not in str(raised.value)


async def test_the_doctor_asks_whether_resend_knows_the_key(server: FaultServer, tmp_path: Path) -> None:
    settings = Settings.read(
        {"DATA_DIR": str(tmp_path), "RESEND_API_KEY": "re_secret", "RESEND_API_BASE": f"{server.url}/"}
    )
    server.play(
        answer({"data": []}),
        resend_problem(401, "restricted_api_key"),
        resend_problem(401, "validation_error", "API key is invalid"),
        server_error(),
        RESET,
    )

    found = [finding for _ in range(5) for finding in await examine(settings) if finding.part == "mail"]
    assert [finding.ok for finding in found] == [True, True, False, False, False]
    assert not any("re_secret" in finding.detail for finding in found)
    assert {request.path for request in server.requests} == {"/domains"}
