"""What the environment says. Each variable upgrades one adapter; none is needed to start outside production."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self

import msgspec
from msgspec import Meta, Struct

from interfaces.bootstrap.secret_files import generated_secret

DEVELOPMENT, PRODUCTION = "development", "production"
_REQUIRED_IN_PRODUCTION = ("secret_key", "public_url", "metrics_token")
_RATE_LIMITS = ("rate_limit_api_per_minute", "rate_limit_auth_per_minute", "rate_limit_public_per_minute")
_HEADER_VALUES = ("resend_api_key", "stripe_secret_key")
_STRIPE_API = "https://api.stripe.com"
# Without them nobody tells us that money moved, or that a caregiver may be paid.
_REQUIRED_WITH_STRIPE = ("stripe_webhook_secret", "stripe_connect_webhook_secret")

_IN_A_HEADER = re.compile(r"[!-~]+")

Port = Annotated[int, Meta(ge=0, le=65535)]
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[int, Meta(ge=0, le=3600)]


class BadSettings(Exception):
    """The environment cannot be used; the message names every variable at fault and never a value."""


class Settings(Struct, frozen=True, kw_only=True, rename="upper"):
    """The settings of `docs/settings.md`, read once at start."""

    database_url: str | None = None
    database_direct_url: str | None = None
    database_pool_size: Annotated[int, Meta(ge=1, le=100)] | None = None
    redis_url: str | None = None
    redis_token: str | None = None
    resend_api_key: str | None = None
    resend_api_base: str = "https://api.resend.com"
    smtp_url: str | None = None
    mail_from: str | None = None
    stripe_secret_key: str | None = None
    stripe_webhook_secret: str | None = None
    stripe_connect_webhook_secret: str | None = None
    stripe_api_base: str = _STRIPE_API
    nominatim_url: str | None = None
    host: str = "127.0.0.1"
    port: Port = 8000
    data_dir: str = "./var"
    environment: str = DEVELOPMENT
    rate_limit_api_per_minute: Count = 300
    rate_limit_auth_per_minute: Count = 20
    rate_limit_public_per_minute: Count = 1200
    support_email: str = "steven@tailtribe.be"
    secret_key: str | None = None
    public_url: str | None = None
    metrics_token: str | None = None
    cors_origins: str = ""
    trusted_proxies: Count = 0
    cdn_fresh_seconds: Count = 0
    cdn_stale_seconds: Count = 0
    log_level: str = "INFO"
    drain_seconds: Seconds = 25
    redis_slow_ms: Count = 10
    slack_webhook_url: str | None = None
    sentry_dsn: str | None = None
    heartbeat_url: str | None = None
    otel_exporter_otlp_endpoint: str | None = None
    watch_seconds: Annotated[float, Meta(gt=0, le=10)] = 5.0
    mail_per_second: Annotated[float, Meta(gt=0)] = 5.0

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Raises BadSettings. A variable that is empty counts as absent."""
        given = {
            name: value for name, value in (os.environ if environment is None else environment).items() if value.strip()
        }
        try:
            settings = msgspec.convert(given, cls, strict=False)
        except msgspec.ValidationError as error:
            detail, _, path = str(error).partition(" - at `$.")
            raise BadSettings(f"{path.rstrip('`')}: {detail}") from None
        settings._check()
        return settings

    @property
    def in_production(self) -> bool:
        return self.environment == PRODUCTION

    @property
    def data_path(self) -> Path:
        return Path(self.data_dir)

    @property
    def sqlite_file(self) -> Path:
        """The database when there is no DATABASE_URL."""
        return self.data_path / "tailtribe.sqlite3"

    @property
    def sender(self) -> str:
        return self.mail_from or self.support_email

    @property
    def public_address(self) -> str:
        """Where links lead, without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")

    @property
    def allowed_origins(self) -> list[str]:
        return [origin.strip() for origin in self.cors_origins.split(",") if origin.strip()]

    @property
    def stripe_is_live(self) -> bool:
        """Whether the key moves real money."""
        return (self.stripe_secret_key or "").startswith(("sk_live_", "rk_live_"))

    @property
    def stripe_webhook_secrets(self) -> list[str]:
        """Of the platform's endpoint and of that for connected accounts."""
        return [secret for secret in (self.stripe_webhook_secret, self.stripe_connect_webhook_secret) if secret]

    def signing_key(self) -> str:
        """SECRET_KEY, or one generated once into the data directory."""
        return self.secret_key or generated_secret(self.data_path, "secret_key")

    def monitoring_token(self) -> str:
        return self.metrics_token or generated_secret(self.data_path, "metrics_token")

    def _check(self) -> None:
        if self.environment not in (DEVELOPMENT, PRODUCTION):
            raise BadSettings("ENVIRONMENT must be development or production")
        for name in (
            "nominatim_url",
            "resend_api_base",
            "stripe_api_base",
            "slack_webhook_url",
            "heartbeat_url",
            "otel_exporter_otlp_endpoint",
        ):
            if not (getattr(self, name) or "https://").startswith(("http://", "https://")):
                raise BadSettings(f"{name.upper()} must begin with http:// or https://")
        for name in _HEADER_VALUES:
            if not _IN_A_HEADER.fullmatch(getattr(self, name) or "none"):
                raise BadSettings(f"{name.upper()} has characters that no key has")
        if not (self.stripe_secret_key or "sk_").startswith(("sk_", "rk_")):
            raise BadSettings("STRIPE_SECRET_KEY must begin with sk_ or rk_: any other kind of key may not move money")
        if self.in_production:
            self._check_production()

    def _check_production(self) -> None:
        missing = [name.upper() for name in _REQUIRED_IN_PRODUCTION if not getattr(self, name)]
        if missing:
            raise BadSettings(f"{', '.join(missing)} must be set when ENVIRONMENT=production")
        if len(self.secret_key or "") < 32:
            raise BadSettings("SECRET_KEY needs at least 32 characters when ENVIRONMENT=production")
        if not (self.public_url or "").startswith("https://"):
            raise BadSettings("PUBLIC_URL must begin with https:// when ENVIRONMENT=production")
        switched_off = [name.upper() for name in _RATE_LIMITS if getattr(self, name) == 0]
        if switched_off:
            raise BadSettings(f"{', '.join(switched_off)} may not be 0 when ENVIRONMENT=production")
        if self.stripe_secret_key:
            self._check_stripe_in_production()

    def _check_stripe_in_production(self) -> None:
        missing = [name.upper() for name in _REQUIRED_WITH_STRIPE if not getattr(self, name)]
        if missing:
            raise BadSettings(f"{', '.join(missing)} must be set with STRIPE_SECRET_KEY when ENVIRONMENT=production")
        if self.stripe_api_base.rstrip("/") != _STRIPE_API:
            raise BadSettings("STRIPE_API_BASE is for tests: unset it when ENVIRONMENT=production")
