"""Settings, all of them, from the environment. Nothing else reads `os.environ`.

In production the service refuses to start with a secret that is missing or guessable, or with embedded servers.
"""

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

DEVELOPMENT_SECRET = "development-only-secret-do-not-use-anywhere"  # noqa: S105  # refused in production
DEVELOPMENT_KEY = "development-only-key-that-keeps-nothing-secret"
SHORTEST_SECRET = 32


class Rules(BaseSettings):
    """How billing is done. Whatever was promised by the rules of its day (a quote, a grace) is kept as it was."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    voronka_grace_days: int = Field(7, ge=1, le=90, description="For so long an unpaid module can still be used.")
    voronka_charge_days: Annotated[tuple[int, ...], NoDecode] = Field(
        (0, 1, 3, 6), description="Days after a boundary on which the default card is charged, separated by commas."
    )
    voronka_suspended_days: int = Field(30, ge=1, le=365, description="For so long a suspended module keeps its dates.")
    voronka_early_days: int = Field(3, ge=0, le=20, description="So long before a boundary its invoice can be seen.")
    voronka_quote_hours: int = Field(24, ge=1, le=720, description="For so long a quote can be paid.")
    voronka_unpaid_hours: int = Field(
        24, ge=1, le=720, description="So long after its quote an unpaid invoice is void."
    )
    voronka_notice_days: int = Field(30, ge=0, le=365, description="A price is changed so long ahead at least.")
    voronka_smallest_payments: Annotated[tuple[tuple[str, int], ...], NoDecode] = Field(
        (("UAH", 100),), description="In minor units, `UAH=100, PLN=200`: what is less is paid with the next period."
    )

    @model_validator(mode="before")
    @classmethod
    def _lists_of_rules(cls, values: dict[str, object]) -> dict[str, object]:
        return _split_lists(values, "voronka_charge_days") | {
            name: tuple(tuple(pair.split("=")) for pair in split(value))
            for name, value in values.items()
            if name == "voronka_smallest_payments" and isinstance(value, str)
        }

    @model_validator(mode="after")
    def _charges_fall_in_grace(self) -> Self:
        if any(not 0 <= day < self.voronka_grace_days for day in self.voronka_charge_days):
            raise ValueError("VORONKA_CHARGE_DAYS must be days of grace: from 0, and less than VORONKA_GRACE_DAYS.")
        return self

    @property
    def grace(self) -> timedelta:
        return timedelta(days=self.voronka_grace_days)

    @property
    def early(self) -> timedelta:
        return timedelta(days=self.voronka_early_days)

    @property
    def suspended(self) -> timedelta:
        return timedelta(days=self.voronka_suspended_days)

    @property
    def notice(self) -> timedelta:
        return timedelta(days=self.voronka_notice_days)

    @property
    def quote(self) -> timedelta:
        return timedelta(hours=self.voronka_quote_hours)

    @property
    def unpaid(self) -> timedelta:
        return timedelta(hours=self.voronka_unpaid_hours)

    def smallest_payment(self, currency: str) -> int:
        return dict(self.voronka_smallest_payments).get(currency, 0)


class Settings(Rules):
    """What an operator can set. Names in the environment are those of the fields in capitals."""

    database_url: str = Field(description="Where queries go; may be a transaction pooler.")
    database_direct_url: str | None = Field(None, description="Where LISTEN goes, when DATABASE_URL is a pooler.")
    redis_url: str = Field(description="The broker of jobs. Losing it loses nothing but time.")

    voronka_env: Literal["development", "production", "test"] = "development"
    voronka_embedded: bool = Field(False, description="Set by `./dev up` when it started the servers itself.")
    voronka_public_url: str = Field("http://127.0.0.1:8000", description="Where the outside world reaches us.")

    voronka_jwt_secret: str = Field(DEVELOPMENT_SECRET, description="HS256 secret shared with the host CRM.")
    voronka_jwks_url: str | None = Field(
        None, description="Where the host CRM publishes its public keys (RS256, ES256). Given, no secret is accepted."
    )
    voronka_jwt_issuer: str = "crm"
    voronka_jwt_audience: str = "voronka"

    voronka_pool_size: int = Field(10, ge=1, le=200, description="Connections to PostgreSQL of one process.")
    voronka_statement_cache: int = Field(
        500, ge=0, description="Prepared statements a connection keeps; 0 behind a pooler that does not keep them."
    )
    voronka_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="Web origins that may open sockets and read answers, separated by commas; `*` for any."
    )
    voronka_introspection: bool | None = Field(None, description="Default: everywhere but in production.")
    voronka_cost_per_minute: int | None = Field(None, ge=1, description="What a user's operations may cost a minute.")
    voronka_sockets_per_user: int | None = Field(
        None, ge=1, description="Sockets and streamed answers that a user may have open at once."
    )
    otel_exporter_otlp_endpoint: str | None = Field(
        None, description="Where spans go: an OpenTelemetry collector (OTLP over HTTP). None: there are no spans."
    )
    voronka_trusted_documents: Path | None = Field(
        None, description="A file or a folder of documents that clients may name by their SHA-256."
    )
    voronka_only_trusted_documents: bool = Field(False, description="Whether nothing else is executed.")
    voronka_http_statuses: Literal["known", "precise"] = Field(
        "known",
        description="`precise`: 294 beside `data` with errors and 422 for what is not valid, as the specification's "
        "edition of September 2026 recommends, to clients that accept application/graphql-response+json.",
    )
    voronka_log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    voronka_worker_concurrency: int = Field(2, ge=1, le=64, description="Processes of Celery in one worker.")
    voronka_celery_pidfile: str | None = Field(None, description="Where a worker writes the pid of its Celery.")
    crash_at: str | None = Field(None, description="Where a process of a test shall die, as `shared.crash` names it.")
    voronka_binotel_addresses: Annotated[tuple[str, ...], NoDecode] = Field(
        (), description="When given, only these IP addresses may post to Binotel sources."
    )
    voronka_secret_key: str = Field(DEVELOPMENT_KEY, description="Encrypts the secrets that must be kept in clear.")
    voronka_facebook_url: str = Field("https://graph.facebook.com", description="Where Facebook's Graph API is.")
    voronka_facebook_app_secret: str | None = Field(None, description="What Facebook signs its requests with.")
    voronka_facebook_verify_token: str | None = Field(None, description="What Facebook says when it connects.")
    voronka_facebook_token: str | None = Field(
        None, description="For the answers of leads, when a source has no access token of its own."
    )

    voronka_liqpay_public_key: str = ""
    voronka_liqpay_private_key: str = Field("", description="While it changes: the new one, a comma, the old one.")
    voronka_liqpay_hash: Annotated[tuple[Literal["sha1", "sha3-256"], ...], NoDecode] = Field(
        ("sha1",), min_length=1, description="How LiqPay signs; while it changes: the new one, a comma, the old one."
    )
    voronka_liqpay_url: str = "https://www.liqpay.ua"
    voronka_wayforpay_account: str = ""
    voronka_wayforpay_key: str = Field("", description="While it changes: the new one, a comma, the old one.")
    voronka_wayforpay_url: str | None = Field(None, description="One address instead of WayForPay's two.")
    voronka_monobank_token: str = ""
    voronka_monobank_url: str = "https://api.monobank.ua"
    voronka_stripe_secret_key: str = ""
    voronka_stripe_webhook_secret: str = Field("", description="While it changes: the new one, a comma, the old one.")
    voronka_stripe_url: str = "https://api.stripe.com"
    voronka_sandbox_url: str | None = Field(
        None, description="Where the sandbox is; by default with us. In production there is none."
    )

    @model_validator(mode="before")
    @classmethod
    def _lists_are_comma_separated(cls, values: dict[str, object]) -> dict[str, object]:
        return _split_lists(values, "voronka_origins", "voronka_binotel_addresses", "voronka_liqpay_hash")

    @model_validator(mode="after")
    def _only_tests_crash(self) -> Self:
        if self.crash_at is not None and self.voronka_env != "test":
            raise ValueError("CRASH_AT is for tests: it wants VORONKA_ENV=test.")
        return self

    @model_validator(mode="after")
    def _safe_in_production(self) -> Self:
        if self.voronka_env != "production":
            return self
        if self.voronka_embedded:
            raise ValueError(
                "VORONKA_ENV=production does not run on embedded servers: give DATABASE_URL and REDIS_URL."
            )
        secret = self.voronka_jwt_secret
        if self.voronka_jwks_url is not None:
            if urlsplit(self.voronka_jwks_url).scheme != "https":
                raise ValueError("VORONKA_JWKS_URL must be an https address: who answers there says who may come in.")
        elif secret == DEVELOPMENT_SECRET or len(secret.encode()) < SHORTEST_SECRET:
            raise ValueError(
                f"VORONKA_JWT_SECRET must be set to a secret of at least {SHORTEST_SECRET} bytes, or VORONKA_JWKS_URL."
            )
        key = self.voronka_secret_key
        if key == DEVELOPMENT_KEY or len(key.encode()) < SHORTEST_SECRET:
            raise ValueError(f"VORONKA_SECRET_KEY must be set to a random key of at least {SHORTEST_SECRET} bytes.")
        if urlsplit(self.voronka_public_url).scheme != "https":
            raise ValueError("VORONKA_PUBLIC_URL must be the https address that lead sources post to.")
        return self

    @model_validator(mode="after")
    def _something_is_trusted(self) -> Self:
        if self.voronka_only_trusted_documents and self.voronka_trusted_documents is None:
            raise ValueError(
                "VORONKA_ONLY_TRUSTED_DOCUMENTS needs VORONKA_TRUSTED_DOCUMENTS: nothing would be executed."
            )
        return self

    @property
    def precise(self) -> bool:
        """Whether HTTP statuses are those of the specification's newest edition."""
        return self.voronka_http_statuses == "precise"

    @property
    def direct_url(self) -> str:
        """Where LISTEN goes: never through a transaction pooler."""
        return self.database_direct_url or self.database_url

    @property
    def introspection(self) -> bool:
        """Whether clients may ask for the schema."""
        return self.voronka_env != "production" if self.voronka_introspection is None else self.voronka_introspection


def split(text: str) -> tuple[str, ...]:
    """The parts of a comma-separated setting."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _split_lists(values: dict[str, object], *lists: str) -> dict[str, object]:
    return {name: split(value) if name in lists and isinstance(value, str) else value for name, value in values.items()}


@cache
def settings() -> Settings:
    """The settings of this process, read once."""
    return Settings()


@cache
def rules() -> Rules:
    """How this process does billing; tools that know no servers have them too."""
    return Rules()
