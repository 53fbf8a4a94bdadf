"""What statements promise, and where finished reports are kept."""

import asyncio
import csv
import re
from datetime import date, datetime
from io import StringIO
from zoneinfo import ZoneInfo

import pytest

from application.ports.earnings_queries import EarningsMovement
from application.ports.report_store import Report, ReportFormat, ReportNotFound
from application.ports.statement_writer import Statement
from domain.caregivers.services import Service
from domain.payments.ledger import TransactionKind
from domain.shared.languages import Language
from domain.shared.money import Money
from infrastructure.statements.reportlab_statement_writer import ReportlabStatementWriter
from tests.support.builders import CAREGIVER, NOW, OWNER, identified
from tests.support.stores import Store

BRUSSELS = ZoneInfo("Europe/Brussels")


def a_statement(*, language: Language = Language.NL, name: str = "Bo Claes", lines: int = 1) -> Statement:
    at = datetime(2026, 10, 25, 1, 30, tzinfo=BRUSSELS)
    sale = EarningsMovement(
        at=at,
        kind=TransactionKind.CHARGE,
        booking_id=identified("booking"),
        service=Service.PET_BOARDING,
        gross=Money(2000),
        commission=Money(400),
        earned=Money(1600),
    )
    payout = EarningsMovement(
        at=at,
        kind=TransactionKind.PAYOUT,
        booking_id=identified("booking"),
        service=Service.PET_BOARDING,
        gross=Money(0),
        commission=Money(0),
        earned=Money(-1605),
    )
    return Statement(
        caregiver_name=name,
        language=language,
        month=date(2026, 10, 1),
        made_at=datetime(2026, 11, 1, 6, 0, tzinfo=BRUSSELS),
        opening=Money(5),
        movements=(sale, payout) * lines,
        closing=Money(0),
    )


@pytest.mark.parametrize("language", Language)
async def test_the_sheet_has_every_movement_and_both_balances(language: Language) -> None:
    content = (await ReportlabStatementWriter().write(a_statement(language=language)))[ReportFormat.CSV]
    sheet = list(csv.reader(StringIO(content.decode("utf-8-sig"))))
    assert [row[-1] for row in sheet[1:]] == ["0.05", "16.00", "-16.05", "0.00"]
    assert [row[0] for row in sheet[1:]] == ["", "2026-10-25", "2026-10-25", ""]
    assert sheet[2][2:5] == [str(identified("booking")), "20.00", "4.00"]
    assert len({len(row) for row in sheet}) == 1


@pytest.mark.parametrize("language", Language)
async def test_every_kind_of_movement_and_service_has_words(language: Language) -> None:
    statement = a_statement(language=language)
    kinds = (
        TransactionKind.CHARGE,
        TransactionKind.REFUND_DECIDED,
        TransactionKind.CHARGEBACK_LOST,
        TransactionKind.PAYOUT,
        TransactionKind.REVERSAL,
    )
    sale = statement.movements[0]
    movements = tuple(
        EarningsMovement(
            at=sale.at,
            kind=kind,
            booking_id=None,
            service=service,
            gross=sale.gross,
            commission=sale.commission,
            earned=sale.earned,
        )
        for kind in kinds
        for service in Service
    )
    whole = Statement(
        caregiver_name="Bo",
        language=language,
        month=statement.month,
        made_at=statement.made_at,
        opening=Money(0),
        movements=movements,
        closing=Money(0),
    )
    content = (await ReportlabStatementWriter().write(whole))[ReportFormat.CSV]
    sheet = list(csv.reader(StringIO(content.decode("utf-8-sig"))))
    words = [row[1] for row in sheet[2:-1]]
    assert len(set(words)) == len(kinds) * len(Service)
    assert not any("_" in word for word in words)


@pytest.mark.parametrize(
    "name", ["Bo Claes", "Łukasz Żółć", "王小明", "<b>Bo & Co</b>", "=HYPERLINK(1)", "O'Brien \u202e"]
)
async def test_no_name_breaks_a_file(name: str) -> None:
    files = await ReportlabStatementWriter().write(a_statement(name=name, lines=60))
    assert files[ReportFormat.PDF].startswith(b"%PDF-")
    # Sixty pairs of lines do not fit on one page.
    assert len(re.findall(rb"/Type /Page\b", files[ReportFormat.PDF])) > 1


async def test_the_same_statement_is_the_same_file_also_when_others_are_made_at_once() -> None:
    writer = ReportlabStatementWriter()
    alone = await writer.write(a_statement(lines=40))
    several = [a_statement(lines=40), a_statement(name="Łukasz Żółć", language=Language.FR, lines=40)] * 2
    together = await asyncio.gather(*(writer.write(statement) for statement in several))
    assert together[0] == together[2] == alone
    assert together[1] == together[3] != alone


async def test_others_have_their_turn_while_a_statement_is_made() -> None:
    writing = asyncio.create_task(ReportlabStatementWriter().write(a_statement(lines=300)))
    turns = 0
    while not writing.done():
        turns += 1
        await asyncio.sleep(0)
    assert (await writing)[ReportFormat.PDF].startswith(b"%PDF-")
    # A task that never waits is done at its second turn.
    assert turns > 3


async def test_a_report_is_its_holders_and_kept_as_it_was_first_made(peopled: Store) -> None:
    report = Report(
        id=identified("report"),
        holder_id=CAREGIVER.account_id,
        format=ReportFormat.CSV,
        file_name="tailtribe-2026-10.csv",
        content=b"a,b\r\n\x00",
        made_at=NOW,
    )
    again = Report(
        id=report.id,
        holder_id=report.holder_id,
        format=report.format,
        file_name="other.csv",
        content=b"other",
        made_at=NOW,
    )
    async with peopled.unit_of_work() as uow:
        await uow.reports.add(report)
        await uow.reports.add(again)
    async with peopled.unit_of_work() as uow:
        assert await uow.reports.get(report.id, ReportFormat.CSV, holder_id=CAREGIVER.account_id) == report
        for report_format, holder in ((ReportFormat.PDF, CAREGIVER), (ReportFormat.CSV, OWNER)):
            with pytest.raises(ReportNotFound):
                await uow.reports.get(report.id, report_format, holder_id=holder.account_id)
