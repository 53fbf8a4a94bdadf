"""Every mail of the main journey reaches the mail server once, in its language, whatever becomes of the worker."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.conftest import UNLIMITED
from tests.support.databases import create_database, drop_database, rows
from tests.support.mail_server import MailServer
from tests.support.people import caregiver, pay, pet, quote, request, someone
from tests.support.product import ADMIN, Product, eventually, ok, running
from tests.support.servers import RedisProcess

SITTER, OWNER = "bart@tailtribe.example", "anne@tailtribe.example"
# Bart reads Dutch, Anne French, the admin Dutch: subjects in the order of the journey.
EXPECTED = {
    SITTER: [
        "Bevestig je e-mailadres",
        "Welkom bij TailTribe",
        "Je verzorgersprofiel is goedgekeurd",
        "Nieuwe aanvraag",
        "is bevestigd",
        "is geannuleerd",
    ],
    OWNER: [
        "Confirmez votre adresse e-mail",
        "Bienvenue chez TailTribe",
        "a accepté votre demande",
        "est confirmée",
        "est annulée",
        "Nous vous avons remboursé",
    ],
    ADMIN[0]: ["Welkom bij TailTribe", "Nieuw verzorgersprofiel"],
}


@pytest.fixture
def own_product(
    tmp_path: Path, postgres_server: str, postgres_template: str, redis_process: RedisProcess, mail_server: MailServer
) -> Iterator[Product]:
    name = f"mails_{uuid4().hex[:8]}"
    url = create_database(postgres_server, name, template=postgres_template)
    environment = UNLIMITED | {"DATABASE_URL": url, "REDIS_URL": redis_process.url, "MAIL_PER_SECOND": "100"}
    yield from running(Product(tmp_path, environment, with_worker=True, mail_server=mail_server))
    drop_database(postgres_server, name)


def test_each_mail_of_the_journey_comes_once_and_in_the_right_language(own_product: Product) -> None:
    product = own_product

    def through_a_killed_worker(act: Callable[[], Any]) -> Any:
        """Nobody is there when the work is recorded; whoever comes next does it."""
        # By SMTP a worker that dies just after a mail was taken sends it again; that is not what is looked at here.
        eventually(lambda: not _under_way(product), what="the end of what was begun")
        product.kill_worker()
        done = act()
        product.start_worker()
        return done

    sitter = caregiver(product, SITTER)
    owner = someone(product, OWNER, first="Anne", last="Dubois", language="fr")
    quoted = quote(owner, sitter.id, [pet(owner)])
    asked = through_a_killed_worker(lambda: request(owner, quoted["id"]))
    path = f"/api/bookings/{asked['id']}"
    through_a_killed_worker(lambda: ok(sitter.client.post(f"{path}/accept")))
    pay(owner, asked["id"])
    through_a_killed_worker(lambda: ok(owner.client.post(f"{path}/cancel", json={"reason": "ziek"})))

    wanted = sum(len(subjects) for subjects in EXPECTED.values())
    eventually(lambda: len(_mails(product)) >= wanted, what=f"all {wanted} mails")
    eventually(lambda: not _under_way(product), what="the end of all jobs")
    mails = _mails(product)
    assert set(Counter(mail["Message-ID"] for mail in mails).values()) == {1}
    for reader, subjects in EXPECTED.items():
        _compare([mail for mail in mails if mail["To"] == reader], subjects)
    assert len(mails) == wanted


def _compare(mails: list[EmailMessage], subjects: list[str]) -> None:
    got = [str(mail["Subject"]) for mail in mails]
    assert len(got) == len(subjects), got
    for subject in subjects:
        assert sum(bool(re.search(re.escape(subject), one)) for one in got) == 1, (subject, got)


def _mails(product: Product) -> list[EmailMessage]:
    """Without those about a slow machine, if it is one."""
    alerts = rows(product.environment["DATABASE_URL"], "SELECT id FROM jobs WHERE kind = 'alerts.mail'")
    about_alerts = {f"<{job['id']}@tailtribe.be>" for job in alerts}
    return [mail for mail in product.mails() if mail["Message-ID"] not in about_alerts]


def _under_way(product: Product) -> bool:
    """Jobs, and events that are to become jobs."""
    begun = (
        "SELECT id FROM outbox_events WHERE routed_at IS NULL"
        " UNION ALL SELECT id FROM jobs WHERE status IN ('queued', 'running', 'retrying')"
    )
    return rows(product.environment["DATABASE_URL"], begun) != []
