"""The adapters that tests are given by default."""

import gc
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from application.ports.mail import Mail, MailMessage
from application.use_cases import build_use_cases
from domain.shared.languages import Language
from infrastructure.clock.settable_clock import SettableClock
from tests.support.builders import NOW
from tests.support.in_memory_adapters import PLACES, in_memory_adapters


class KeptMail(Mail):
    """Keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[MailMessage] = []

    async def send(self, message: MailMessage) -> None:
        self.sent.append(message)


async def test_one_adapter_is_swapped_in_one_line(tmp_path: Path) -> None:
    my_mail = KeptMail()
    use_cases = build_use_cases(replace(in_memory_adapters(tmp_path), mail=my_mail))
    account_id = await use_cases.register_account.execute(
        email="an@example.org",
        password="seven quiet otters",
        first_name="An",
        last_name="Peeters",
        language=Language.NL,
    )
    await use_cases.send_mail.execute(mail_id=uuid4(), payload={"mail": "welcome", "account_id": str(account_id)})
    assert [message.to for message in my_mail.sent] == ["an@example.org"]
    assert not (tmp_path / "mail").exists()


async def test_nothing_is_left_open(tmp_path: Path) -> None:
    adapters = in_memory_adapters(tmp_path)
    async with adapters.unit_of_work() as uow:
        assert await uow.accounts.by_email("an@example.org") is None
    await adapters.caregiver_queries.service_counts()
    del adapters, uow
    # A connection left open would warn here, and warnings are errors.
    gc.collect()


async def test_each_directory_has_a_database_of_its_own(tmp_path: Path) -> None:
    counts: list[int] = []
    for name in ("one", "other"):
        directory = tmp_path / name
        directory.mkdir()
        adapters = in_memory_adapters(directory)
        async with adapters.unit_of_work() as uow:
            await uow.jobs.enqueue("bookings.expire", {}, unique_key="same for both")
        counts.append((await adapters.job_records.counts())["default"].waiting)
    assert counts == [1, 1]


async def test_the_clock_stands_until_it_is_moved(tmp_path: Path) -> None:
    clock = in_memory_adapters(tmp_path).clock
    assert isinstance(clock, SettableClock)
    assert clock.now() == NOW


async def test_the_little_gazetteer_knows_its_places_by_every_name(tmp_path: Path) -> None:
    geocoder = in_memory_adapters(tmp_path).geocoder
    for place in PLACES:
        found = [await geocoder.find(name) for name in place.names]
        assert {one.name for one in found if one is not None} == {place.names[0]}
        assert len(found) == len(place.names)
