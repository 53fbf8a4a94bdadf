"""Who sends mail and who knows places, chosen by the settings."""

from collections.abc import Awaitable, Callable

from application.ports.geocoder import Geocoder
from application.ports.mail import Mail
from infrastructure.geocoder.gazetteer_geocoder import GazetteerGeocoder
from infrastructure.mail.file_mail import FileMail
from infrastructure.mail.smtp_mail import SmtpMail
from infrastructure.persistence.database import Database
from infrastructure.resilience.breaker import Breaker
from infrastructure.resilience.guarded_geocoder import GuardedGeocoder
from interfaces.bootstrap.settings import Settings

Close = Callable[[], Awaitable[None]]


def choose_mail(settings: Settings) -> tuple[Mail, Close]:
    """The mail, and what closes its connections."""
    if settings.resend_api_key:
        # As for the geocoder: only who uses the HTTP client pays for it.
        from infrastructure.mail.resend_mail import ResendMail, create_resend_client

        client = create_resend_client(settings.resend_api_key, settings.resend_api_base)
        return ResendMail(settings.sender, client=client), client.aclose
    if settings.smtp_url:
        return SmtpMail(settings.smtp_url, settings.sender), _nothing
    return FileMail(settings.data_path / "mail", settings.sender), _nothing


def choose_geocoder(settings: Settings, database: Database, breaker: Breaker | None) -> tuple[Geocoder, Close]:
    """The geocoder, and what closes its connections."""
    gazetteer = GazetteerGeocoder(database)
    if settings.nominatim_url is None or breaker is None:
        return gazetteer, _nothing
    # Its HTTP client takes memory and a part of the start's time: only who uses it pays.
    from infrastructure.geocoder.nominatim_geocoder import NominatimGeocoder, create_nominatim_client

    client = create_nominatim_client(settings.support_email)
    nominatim = NominatimGeocoder(settings.nominatim_url, client=client)
    return GuardedGeocoder(gazetteer, nominatim, breaker), client.aclose


async def _nothing() -> None: ...
