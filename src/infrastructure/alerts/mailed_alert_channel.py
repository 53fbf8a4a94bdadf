"""Alerts by mail to every admin."""

from application.operations.tell_alert import alert_mail_key
from application.operations.watch_over_system import told_as
from application.ports.alert_channel import AlertChannel
from application.ports.mail_queries import MailQueries
from application.ports.unit_of_work import UnitOfWorkFactory
from domain.operations.alert import Notice
from domain.operations.job import NOTICE_QUEUE

# Not with the other mails: those may be what is stuck, or paused.
JOB_KIND = "alerts.mail"


class MailedAlertChannel(AlertChannel):
    """Asks for the mails, a job for each admin; asking again for the same notice asks for none twice."""

    def __init__(self, queries: MailQueries, unit_of_work: UnitOfWorkFactory) -> None:
        self._queries = queries
        self._unit_of_work = unit_of_work

    async def send(self, notice: Notice) -> None:
        ids = ",".join(str(alert.id) for alert in notice.alerts)
        facts = {"mail": "alert", "notice": notice.kind.value, "alert_ids": ids}
        first = notice.alerts[0]
        admins = await self._queries.admins()
        async with self._unit_of_work() as uow:
            for account_id in admins:
                payload = {**facts, "account_id": str(account_id)}
                key = alert_mail_key(first.id, told_as(notice), account_id)
                await uow.jobs.enqueue(JOB_KIND, payload, queue=NOTICE_QUEUE, unique_key=key)
