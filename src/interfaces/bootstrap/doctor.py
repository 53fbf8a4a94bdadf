"""What `tailtribe doctor` looks at."""

import os
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from application.ports.payments import PaymentRefused
from domain.shared.errors import DomainError
from infrastructure.mail.smtp_mail import SmtpMail
from infrastructure.persistence.constraint_errors import SchemaOutdated
from infrastructure.persistence.migrations import newest_revision
from interfaces.bootstrap.production import Parts, build_parts
from interfaces.bootstrap.settings import Settings

_STRIPE_SECRETS = ("STRIPE_WEBHOOK_SECRET", "STRIPE_CONNECT_WEBHOOK_SECRET")


@dataclass(frozen=True, slots=True)
class Finding:
    part: str
    ok: bool
    detail: str


async def examine(settings: Settings) -> list[Finding]:
    """One finding for each part; never a secret in it."""
    findings = [_data_dir(settings.data_path)]
    parts = build_parts(settings)
    try:
        findings.append(await _database(parts))
        for name in ("cache", "queue"):
            findings.append(await _probe(parts, name, "Redis" if settings.redis_url else "in this process"))
    finally:
        await parts.close()
    findings.append(await _mail(settings))
    findings.append(await _geocoding(settings))
    findings.append(await _payments(settings))
    return findings


def _data_dir(path: Path) -> Finding:
    writable = os.access(path if path.exists() else path.resolve().parent, os.W_OK)
    return Finding("data directory", writable, str(path) if writable else f"{path} is not writable")


async def _database(parts: Parts) -> Finding:
    kind = "SQLite" if parts.database.is_sqlite else "PostgreSQL"
    try:
        async with parts.database.read() as connection:
            revision = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one_or_none()
    except SchemaOutdated:
        return Finding("database", ok=False, detail=f"{kind} is empty; run `tailtribe migrate`")
    except DomainError as error:
        return Finding("database", ok=False, detail=f"{kind}: {error}")
    if revision != newest_revision():
        return Finding("database", ok=False, detail=f"{kind} is at revision {revision}; run `tailtribe migrate`")
    return Finding("database", ok=True, detail=f"{kind}, schema {revision}")


async def _probe(parts: Parts, name: str, where: str) -> Finding:
    try:
        await parts.adapters.health_probes[name].check()
    except DomainError as error:
        return Finding(name, ok=False, detail=f"{where}: {error}")
    return Finding(name, ok=True, detail=where)


async def _mail(settings: Settings) -> Finding:
    if settings.resend_api_key:
        return await _resend(settings, settings.resend_api_key)
    if not settings.smtp_url:
        return Finding("mail", ok=True, detail=f"written to {settings.data_path / 'mail'}")
    try:
        await SmtpMail(settings.smtp_url, settings.sender).check()
    except DomainError as error:
        return Finding("mail", ok=False, detail=str(error))
    return Finding("mail", ok=True, detail="the SMTP server answers")


async def _resend(settings: Settings, api_key: str) -> Finding:
    from infrastructure.mail.resend_mail import ResendMail, create_resend_client

    async with create_resend_client(api_key, settings.resend_api_base) as client:
        try:
            await ResendMail(settings.sender, client=client).check()
        except DomainError as error:
            return Finding("mail", ok=False, detail=str(error))
    return Finding("mail", ok=True, detail="Resend knows the key")


async def _geocoding(settings: Settings) -> Finding:
    if not settings.nominatim_url:
        return Finding("geocoding", ok=True, detail="the bundled gazetteer")
    from infrastructure.geocoder.nominatim_geocoder import NominatimGeocoder, create_nominatim_client

    async with create_nominatim_client(settings.support_email) as client:
        try:
            await NominatimGeocoder(settings.nominatim_url, client=client).check()
        except DomainError as error:
            return Finding("geocoding", ok=False, detail=str(error))
    return Finding("geocoding", ok=True, detail="the bundled gazetteer, then Nominatim, which answers")


async def _payments(settings: Settings) -> Finding:
    if not settings.stripe_secret_key:
        return Finding("payments", ok=True, detail="sandbox: no money moves")
    from infrastructure.payments.stripe_client import StripeCalls

    stripe = StripeCalls(settings.stripe_secret_key, api_base=settings.stripe_api_base)
    try:
        await stripe.check()
    except (DomainError, PaymentRefused) as error:
        return Finding("payments", ok=False, detail=str(error))
    finally:
        await stripe.close()
    missing = [name for name in _STRIPE_SECRETS if not getattr(settings, name.lower())]
    if missing:
        return Finding("payments", ok=False, detail=f"{', '.join(missing)} not set: some notices will be refused")
    kind = "live" if settings.stripe_is_live else "test: no real money moves"
    return Finding("payments", ok=True, detail=f"Stripe knows the key ({kind})")
