"""Everything the product can do: a field per use case, built once per process for HTTP and workers alike."""

from dataclasses import dataclass

from application.accounts.change_password import ChangePassword
from application.accounts.close_dashboard import CloseDashboard
from application.accounts.create_admin import CreateAdmin
from application.accounts.failed_logins import FailedLogins
from application.accounts.log_in import LogIn
from application.accounts.log_out import LogOut
from application.accounts.log_out_everywhere import LogOutEverywhere
from application.accounts.open_dashboard import DashboardVisitor, OpenDashboard
from application.accounts.refresh_session import RefreshSession
from application.accounts.register_account import RegisterAccount
from application.accounts.request_password_reset import RequestPasswordReset
from application.accounts.resend_verification import ResendVerification
from application.accounts.reset_password import ResetPassword
from application.accounts.show_account import ShowAccount
from application.accounts.update_account import UpdateAccount
from application.accounts.verify_email import VerifyEmail
from application.adapters import Adapters
from application.bookings.accept_booking import AcceptBooking
from application.bookings.answer_change import AcceptChange, DeclineChange, WithdrawChange
from application.bookings.book_series import BookSeries
from application.bookings.cancel_booking import CancelBooking
from application.bookings.cancel_series import CancelSeries
from application.bookings.change_booking import ChangeBooking
from application.bookings.check_in_booking import CheckInBooking
from application.bookings.check_out_booking import CheckOutBooking
from application.bookings.complete_bookings import CompleteBookings
from application.bookings.create_quote import CreateQuote
from application.bookings.decide_dispute import DecideDispute
from application.bookings.decline_booking import DeclineBooking
from application.bookings.dispute_booking import DisputeBooking
from application.bookings.end_promotion import EndPromotion
from application.bookings.expire_bookings import ExpireBookings
from application.bookings.give_promotion import GivePromotion
from application.bookings.preview_cancellation import PreviewCancellation
from application.bookings.preview_series import PreviewSeries
from application.bookings.refund_booking import RefundBooking
from application.bookings.request_booking import RequestBooking
from application.bookings.show_booking_statistics import ShowBookingStatistics
from application.bookings.show_calendar import ShowCalendar
from application.bookings.show_free_periods import ShowFreePeriods
from application.bookings.show_promotions import ShowPromotions
from application.caregivers.approve_caregiver import ApproveCaregiver
from application.caregivers.open_payout_account import OpenPayoutAccount
from application.caregivers.reject_caregiver import RejectCaregiver
from application.caregivers.save_caregiver_profile import SaveCaregiverProfile
from application.caregivers.search_caregivers import SearchCaregivers
from application.caregivers.set_availability import SetAvailability
from application.caregivers.show_availability import ShowAvailability
from application.caregivers.show_caregiver import ShowCaregiver
from application.caregivers.show_home import ShowHome
from application.caregivers.suggest_places import SuggestPlaces
from application.mails.send_mail import SendMail
from application.mails.tell_admins import TellAdmins
from application.operations.cancel_job import CancelJob
from application.operations.check_health import CheckHealth
from application.operations.clean_up import CleanUp
from application.operations.clear_cache import ClearCache
from application.operations.drop_job import DropJob
from application.operations.export_metrics import ExportMetrics
from application.operations.force_circuit_breaker_open import ForceCircuitBreakerOpen
from application.operations.happenings import ShowHappenings
from application.operations.live_feed import LiveFeed
from application.operations.live_view import ShowLiveView
from application.operations.observe_system import ObserveSystem
from application.operations.pause_queue import PauseQueue
from application.operations.record_minute import RecordMinute, ShowHistory
from application.operations.rehearse_reads import RehearseReads
from application.operations.rehearse_writes import RehearseWrites
from application.operations.report_process import ReportProcess
from application.operations.reset_circuit_breaker import ResetCircuitBreaker
from application.operations.resume_queue import ResumeQueue
from application.operations.retry_job import RetryJob
from application.operations.show_metrics import ShowMetrics
from application.operations.show_queues import ShowQueues
from application.operations.silence_alert import SilenceAlert
from application.operations.start_job import StartJob
from application.operations.tell_alert import TellAlert
from application.operations.watch_over_system import MAIL, WatchOverSystem
from application.payments.apply_payment_event import ApplyPaymentEvent
from application.payments.cancel_payment import CancelPayment
from application.payments.dismiss_difference import DismissDifference
from application.payments.pay_out_bookings import PayOutBookings
from application.payments.play_sandbox_bank import PlaySandboxBank
from application.payments.receive_payment_notice import ReceivePaymentNotice
from application.payments.reconcile_books import ReconcileBooks
from application.payments.refund_payment import RefundPayment
from application.payments.release_payout import ReleasePayout
from application.payments.retry_refund import RetryRefund
from application.payments.reverse_payout import ReversePayout
from application.payments.send_payout import SendPayout
from application.payments.show_earnings import ShowEarnings
from application.payments.show_statistics import ShowStatistics
from application.payments.start_payment import StartPayment
from application.pets.add_pet import AddPet
from application.pets.change_pet import ChangePet
from application.pets.delete_pet import DeletePet
from application.ports.alert_queries import AlertQueries
from application.ports.booking_queries import BookingQueries
from application.ports.breaker_history import BreakerHistory
from application.ports.caregiver_queries import CaregiverQueries
from application.ports.circuit_breakers import CircuitBreakers
from application.ports.dispute_queries import DisputeQueries
from application.ports.error_groups import ErrorGroups
from application.ports.job_queries import JobQueries
from application.ports.ledger_queries import LedgerQueries
from application.ports.money_queries import MoneyQueries
from application.ports.pet_queries import PetQueries
from application.reports.make_statement import MakeStatement
from application.reports.request_statement import RequestStatement
from application.reports.send_statements import SendStatements
from application.reports.show_report import ShowReport


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """A field per use case, and the ports behind pages that have no rules of their own."""

    accept_booking: AcceptBooking
    add_pet: AddPet
    alert_queries: AlertQueries
    apply_payment_event: ApplyPaymentEvent
    approve_caregiver: ApproveCaregiver
    booking_queries: BookingQueries
    breaker_history: BreakerHistory
    book_series: BookSeries
    cancel_booking: CancelBooking
    cancel_job: CancelJob
    cancel_payment: CancelPayment
    caregiver_queries: CaregiverQueries
    change_password: ChangePassword
    change_pet: ChangePet
    check_health: CheckHealth
    check_in_booking: CheckInBooking
    check_out_booking: CheckOutBooking
    circuit_breakers: CircuitBreakers
    clean_up: CleanUp
    clear_cache: ClearCache
    close_dashboard: CloseDashboard
    complete_bookings: CompleteBookings
    create_admin: CreateAdmin
    create_quote: CreateQuote
    decide_dispute: DecideDispute
    decline_booking: DeclineBooking
    dashboard_visitor: DashboardVisitor
    delete_pet: DeletePet
    dispute_booking: DisputeBooking
    dispute_queries: DisputeQueries
    drop_job: DropJob
    end_promotion: EndPromotion
    error_groups: ErrorGroups
    expire_bookings: ExpireBookings
    export_metrics: ExportMetrics
    force_circuit_breaker_open: ForceCircuitBreakerOpen
    give_promotion: GivePromotion
    job_queries: JobQueries
    live_feed: LiveFeed
    log_in: LogIn
    log_out: LogOut
    log_out_everywhere: LogOutEverywhere
    open_dashboard: OpenDashboard
    open_payout_account: OpenPayoutAccount
    pause_queue: PauseQueue
    pet_queries: PetQueries
    cancel_series: CancelSeries
    preview_cancellation: PreviewCancellation
    preview_series: PreviewSeries
    change_booking: ChangeBooking
    accept_change: AcceptChange
    decline_change: DeclineChange
    withdraw_change: WithdrawChange
    record_minute: RecordMinute
    refresh_session: RefreshSession
    refund_booking: RefundBooking
    receive_payment_notice: ReceivePaymentNotice | None
    refund_payment: RefundPayment
    register_account: RegisterAccount
    reject_caregiver: RejectCaregiver
    rehearse_reads: RehearseReads
    rehearse_writes: RehearseWrites
    report_process: ReportProcess
    request_booking: RequestBooking
    request_password_reset: RequestPasswordReset
    resend_verification: ResendVerification
    reset_circuit_breaker: ResetCircuitBreaker
    reset_password: ResetPassword
    resume_queue: ResumeQueue
    retry_job: RetryJob
    save_caregiver_profile: SaveCaregiverProfile
    search_caregivers: SearchCaregivers
    send_mail: SendMail
    set_availability: SetAvailability
    show_account: ShowAccount
    show_availability: ShowAvailability
    show_booking_statistics: ShowBookingStatistics
    show_calendar: ShowCalendar
    show_caregiver: ShowCaregiver
    show_happenings: ShowHappenings
    show_free_periods: ShowFreePeriods
    show_history: ShowHistory
    show_home: ShowHome
    show_metrics: ShowMetrics
    show_promotions: ShowPromotions
    show_queues: ShowQueues
    show_statistics: ShowStatistics
    silence_alert: SilenceAlert
    start_payment: StartPayment
    suggest_places: SuggestPlaces
    tell_admins: TellAdmins
    tell_alert: TellAlert
    update_account: UpdateAccount
    verify_email: VerifyEmail
    watch_over_system: WatchOverSystem
    dismiss_difference: DismissDifference
    ledger_queries: LedgerQueries
    make_statement: MakeStatement
    money_queries: MoneyQueries
    request_statement: RequestStatement
    send_statements: SendStatements
    show_earnings: ShowEarnings
    show_report: ShowReport
    start_job: StartJob
    pay_out_bookings: PayOutBookings
    play_sandbox_bank: PlaySandboxBank | None
    reconcile_books: ReconcileBooks
    release_payout: ReleasePayout
    retry_refund: RetryRefund
    reverse_payout: ReversePayout
    send_payout: SendPayout


def build_use_cases(a: Adapters) -> UseCases:
    """Gives every use case its ports."""
    uow, clock, ids = a.unit_of_work, a.clock, a.ids
    failed_logins = FailedLogins(rate_limits=a.rate_limits)
    return UseCases(
        accept_booking=AcceptBooking(unit_of_work=uow, clock=clock),
        add_pet=AddPet(unit_of_work=uow, clock=clock, ids=ids),
        alert_queries=a.alert_queries,
        apply_payment_event=ApplyPaymentEvent(
            unit_of_work=uow,
            payments=a.payments,
            transfers=a.transfers,
            connected_accounts=a.connected_accounts,
            provider=a.payment_provider,
            clock=clock,
            ids=ids,
        ),
        approve_caregiver=ApproveCaregiver(unit_of_work=uow, clock=clock),
        booking_queries=a.booking_queries,
        breaker_history=a.breaker_history,
        cancel_booking=CancelBooking(unit_of_work=uow, clock=clock, ids=ids),
        cancel_job=CancelJob(unit_of_work=uow, clock=clock),
        cancel_payment=CancelPayment(unit_of_work=uow, payments=a.payments, clock=clock, ids=ids),
        caregiver_queries=a.caregiver_queries,
        change_password=ChangePassword(
            unit_of_work=uow, password_hasher=a.password_hasher, failed_logins=failed_logins, clock=clock
        ),
        change_pet=ChangePet(unit_of_work=uow, clock=clock),
        check_health=CheckHealth(probes=a.health_probes),
        check_in_booking=CheckInBooking(unit_of_work=uow, clock=clock),
        check_out_booking=CheckOutBooking(unit_of_work=uow, clock=clock),
        circuit_breakers=a.circuit_breakers,
        clean_up=CleanUp(housekeeping=a.housekeeping, idempotency_store=a.idempotency_store, clock=clock),
        clear_cache=ClearCache(cache=a.cache, unit_of_work=uow),
        close_dashboard=CloseDashboard(unit_of_work=uow, dashboard_tokens=a.dashboard_tokens, clock=clock),
        complete_bookings=CompleteBookings(unit_of_work=uow, clock=clock),
        create_admin=CreateAdmin(unit_of_work=uow, password_hasher=a.password_hasher, clock=clock, ids=ids),
        create_quote=CreateQuote(unit_of_work=uow, holidays=a.holidays, clock=clock, ids=ids),
        dashboard_visitor=DashboardVisitor(
            dashboard_tokens=a.dashboard_tokens, account_queries=a.account_queries, clock=clock
        ),
        decide_dispute=DecideDispute(unit_of_work=uow, clock=clock, ids=ids),
        decline_booking=DeclineBooking(unit_of_work=uow, clock=clock),
        delete_pet=DeletePet(unit_of_work=uow, clock=clock),
        dispute_booking=DisputeBooking(unit_of_work=uow, clock=clock),
        dispute_queries=a.dispute_queries,
        drop_job=DropJob(unit_of_work=uow, clock=clock),
        end_promotion=EndPromotion(unit_of_work=uow, clock=clock),
        error_groups=a.error_groups,
        expire_bookings=ExpireBookings(unit_of_work=uow, clock=clock),
        export_metrics=ExportMetrics(
            figures=a.figures,
            job_records=a.job_records,
            processes=a.process_register,
            system_queries=a.system_queries,
        ),
        force_circuit_breaker_open=ForceCircuitBreakerOpen(circuit_breakers=a.circuit_breakers, unit_of_work=uow),
        give_promotion=GivePromotion(unit_of_work=uow, clock=clock, ids=ids),
        job_queries=a.job_queries,
        live_feed=_live_feed(a),
        log_in=LogIn(
            unit_of_work=uow,
            password_hasher=a.password_hasher,
            access_tokens=a.access_tokens,
            failed_logins=failed_logins,
            clock=clock,
            ids=ids,
        ),
        log_out=LogOut(unit_of_work=uow, clock=clock),
        log_out_everywhere=LogOutEverywhere(unit_of_work=uow, clock=clock),
        open_dashboard=OpenDashboard(
            access_tokens=a.access_tokens,
            dashboard_tokens=a.dashboard_tokens,
            account_queries=a.account_queries,
            clock=clock,
        ),
        open_payout_account=OpenPayoutAccount(
            unit_of_work=uow,
            connected_accounts=a.connected_accounts,
            return_url=f"{a.public_url}/caregiver/payouts",
        ),
        pause_queue=PauseQueue(unit_of_work=uow),
        pet_queries=a.pet_queries,
        book_series=BookSeries(unit_of_work=uow, holidays=a.holidays, clock=clock, ids=ids),
        cancel_series=CancelSeries(unit_of_work=uow, clock=clock, ids=ids),
        change_booking=ChangeBooking(unit_of_work=uow, clock=clock, ids=ids),
        accept_change=AcceptChange(unit_of_work=uow, clock=clock, ids=ids),
        decline_change=DeclineChange(unit_of_work=uow, clock=clock),
        withdraw_change=WithdrawChange(unit_of_work=uow, clock=clock),
        preview_series=PreviewSeries(unit_of_work=uow, holidays=a.holidays, clock=clock),
        preview_cancellation=PreviewCancellation(unit_of_work=uow, clock=clock),
        record_minute=RecordMinute(
            figures=a.figures,
            circuit_breakers=a.circuit_breakers,
            processes=a.process_register,
            history=a.figure_history,
        ),
        refresh_session=RefreshSession(unit_of_work=uow, access_tokens=a.access_tokens, clock=clock),
        dismiss_difference=DismissDifference(unit_of_work=uow, clock=clock),
        ledger_queries=a.ledger_queries,
        make_statement=MakeStatement(
            unit_of_work=uow,
            earnings=a.earnings_queries,
            people=a.mail_queries,
            writer=a.statement_writer,
            clock=clock,
        ),
        money_queries=a.money_queries,
        request_statement=RequestStatement(unit_of_work=uow, clock=clock),
        send_statements=SendStatements(unit_of_work=uow, earnings=a.earnings_queries, clock=clock),
        show_earnings=ShowEarnings(queries=a.earnings_queries, clock=clock),
        show_report=ShowReport(unit_of_work=uow),
        start_job=StartJob(unit_of_work=uow, ids=ids),
        pay_out_bookings=PayOutBookings(unit_of_work=uow, clock=clock, ids=ids),
        play_sandbox_bank=None
        if a.sandbox_bank is None
        else PlaySandboxBank(unit_of_work=uow, bank=a.sandbox_bank, clock=clock, ids=ids),
        reconcile_books=ReconcileBooks(
            unit_of_work=uow, books=a.provider_books, ledger=a.ledger_queries, clock=clock, ids=ids
        ),
        release_payout=ReleasePayout(unit_of_work=uow, clock=clock, ids=ids),
        retry_refund=RetryRefund(unit_of_work=uow, clock=clock, ids=ids),
        reverse_payout=ReversePayout(unit_of_work=uow, transfers=a.transfers, clock=clock, ids=ids),
        send_payout=SendPayout(unit_of_work=uow, transfers=a.transfers, clock=clock, ids=ids),
        refund_booking=RefundBooking(unit_of_work=uow, clock=clock, ids=ids),
        receive_payment_notice=None
        if a.payment_notices is None
        else ReceivePaymentNotice(
            unit_of_work=uow, notices=a.payment_notices, provider=a.payment_provider, clock=clock, ids=ids
        ),
        refund_payment=RefundPayment(unit_of_work=uow, payments=a.payments, clock=clock, ids=ids),
        register_account=RegisterAccount(unit_of_work=uow, password_hasher=a.password_hasher, clock=clock, ids=ids),
        reject_caregiver=RejectCaregiver(unit_of_work=uow, clock=clock),
        rehearse_reads=RehearseReads(
            unit_of_work=uow,
            caregiver_queries=a.caregiver_queries,
            booking_queries=a.booking_queries,
            pet_queries=a.pet_queries,
            account_queries=a.account_queries,
            geocoder=a.geocoder,
            holidays=a.holidays,
            clock=clock,
        ),
        rehearse_writes=RehearseWrites(holidays=a.holidays, clock=clock, ids=ids),
        report_process=ReportProcess(
            register=a.process_register, process=a.process, circuit_breakers=a.circuit_breakers, clock=clock
        ),
        request_booking=RequestBooking(unit_of_work=uow, clock=clock, ids=ids),
        request_password_reset=RequestPasswordReset(unit_of_work=uow, rate_limits=a.rate_limits, clock=clock, ids=ids),
        resend_verification=ResendVerification(unit_of_work=uow, rate_limits=a.rate_limits, clock=clock, ids=ids),
        reset_circuit_breaker=ResetCircuitBreaker(circuit_breakers=a.circuit_breakers, unit_of_work=uow),
        reset_password=ResetPassword(
            unit_of_work=uow,
            password_hasher=a.password_hasher,
            token_signer=a.token_signer,
            failed_logins=failed_logins,
            clock=clock,
        ),
        resume_queue=ResumeQueue(unit_of_work=uow),
        retry_job=RetryJob(unit_of_work=uow, clock=clock),
        save_caregiver_profile=SaveCaregiverProfile(unit_of_work=uow, geocoder=a.geocoder, clock=clock, ids=ids),
        search_caregivers=SearchCaregivers(
            queries=a.caregiver_queries, geocoder=a.geocoder, cache=a.cache, clock=clock
        ),
        send_mail=SendMail(
            queries=a.mail_queries,
            alerts=a.alert_queries,
            templates=a.mail_templates,
            mail=a.mail,
            token_signer=a.token_signer,
            clock=clock,
            public_url=a.public_url,
        ),
        set_availability=SetAvailability(unit_of_work=uow),
        show_account=ShowAccount(accounts=a.account_queries),
        show_availability=ShowAvailability(unit_of_work=uow),
        show_booking_statistics=ShowBookingStatistics(queries=a.booking_queries, clock=clock),
        show_calendar=ShowCalendar(queries=a.booking_queries),
        show_caregiver=ShowCaregiver(queries=a.caregiver_queries, cache=a.cache),
        show_happenings=_show_happenings(a),
        show_free_periods=ShowFreePeriods(queries=a.calendar_queries, cache=a.cache, clock=clock),
        show_history=ShowHistory(history=a.figure_history, clock=clock),
        show_home=ShowHome(queries=a.caregiver_queries, cache=a.cache),
        show_metrics=_show_metrics(a),
        show_promotions=ShowPromotions(queries=a.promotion_queries),
        show_queues=ShowQueues(job_records=a.job_records, job_queries=a.job_queries),
        show_statistics=ShowStatistics(queries=a.revenue_queries, cache=a.cache, clock=clock),
        silence_alert=SilenceAlert(unit_of_work=uow, clock=clock),
        start_payment=StartPayment(
            unit_of_work=uow, payments=a.payments, provider=a.payment_provider, clock=clock, ids=ids
        ),
        suggest_places=SuggestPlaces(geocoder=a.geocoder, cache=a.cache),
        tell_admins=TellAdmins(queries=a.mail_queries, unit_of_work=uow),
        tell_alert=TellAlert(alerts=a.alert_queries, jobs=a.job_queries, channels=a.alert_channels, clock=a.clock),
        update_account=UpdateAccount(unit_of_work=uow, clock=clock),
        verify_email=VerifyEmail(unit_of_work=uow, token_signer=a.token_signer, clock=clock),
        watch_over_system=_watch(a),
    )


def _show_metrics(a: Adapters) -> ShowMetrics:
    return ShowMetrics(
        figures=a.figures,
        circuit_breakers=a.circuit_breakers,
        job_records=a.job_records,
        process=a.process,
        processes=a.process_register,
        system_queries=a.system_queries,
    )


def _show_happenings(a: Adapters) -> ShowHappenings:
    return ShowHappenings(alert_queries=a.alert_queries, breaker_history=a.breaker_history, job_queries=a.job_queries)


def _live_feed(a: Adapters) -> LiveFeed:
    view = ShowLiveView(
        show_metrics=_show_metrics(a),
        show_history=ShowHistory(history=a.figure_history, clock=a.clock),
        show_happenings=_show_happenings(a),
        alert_queries=a.alert_queries,
        clock=a.clock,
    )
    return LiveFeed(view.execute, a.account_queries.admins_among)


def _watch(a: Adapters) -> WatchOverSystem:
    return WatchOverSystem(
        observe=ObserveSystem(
            figures=a.figures,
            job_records=a.job_records,
            processes=a.process_register,
            breaker_history=a.breaker_history,
            ledger=a.ledger_queries,
            system_queries=a.system_queries,
            clock=a.clock,
            errors=a.error_log,
        ),
        unit_of_work=a.unit_of_work,
        clock=a.clock,
        ids=a.ids,
        outage=a.outage_record,
        log=a.alert_log,
        channels=sorted(a.alert_channels),
        # Who the admins are is known to the database alone.
        direct=[a.alert_log, *(channel for name, channel in sorted(a.alert_channels.items()) if name != MAIL)],
    )
