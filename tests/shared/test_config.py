"""Settings: what an operator gives, and what production refuses."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from shared.config import DEVELOPMENT_KEY, DEVELOPMENT_SECRET, Settings

NEEDED = {"DATABASE_URL": "postgresql://db", "REDIS_URL": "redis://broker"}
SAFE = NEEDED | {
    "VORONKA_ENV": "production",
    "VORONKA_JWT_SECRET": "s" * 32,
    "VORONKA_SECRET_KEY": "k" * 44,
    "VORONKA_PUBLIC_URL": "https://voronka.example.com",
}


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(field.upper(), raising=False)


def given(monkeypatch: pytest.MonkeyPatch, environment: dict[str, str]) -> Settings:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    return Settings()


def test_needs_a_database_and_a_broker_only(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, NEEDED)

    assert (settings.direct_url, settings.introspection) == ("postgresql://db", True)
    assert settings.voronka_jwt_secret == DEVELOPMENT_SECRET
    assert settings.voronka_origins == ()


@pytest.mark.parametrize("missing", NEEDED)
def test_does_not_start_without_them(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    with pytest.raises(ValidationError, match=missing.lower()):
        given(monkeypatch, NEEDED | {missing: ""})


def test_listens_past_a_pooler(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, NEEDED | {"DATABASE_DIRECT_URL": "postgresql://direct"})

    assert (settings.database_url, settings.direct_url) == ("postgresql://db", "postgresql://direct")


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(monkeypatch, NEEDED | {"VORONKA_ORIGINS": "https://a.example, https://b.example,"})

    assert settings.voronka_origins == ("https://a.example", "https://b.example")


def test_production_starts_with_real_secrets_and_hides_its_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    assert given(monkeypatch, SAFE).introspection is False
    assert given(monkeypatch, SAFE | {"VORONKA_INTROSPECTION": "true"}).introspection is True


def test_production_needs_no_secret_when_it_is_told_where_the_keys_are(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"VORONKA_JWT_SECRET": "", "VORONKA_JWKS_URL": "https://crm.example.com/jwks.json"}

    assert given(monkeypatch, SAFE | keys).voronka_jwks_url == "https://crm.example.com/jwks.json"


@pytest.mark.parametrize(
    ("unsafe", "complaint"),
    [
        ({"VORONKA_JWT_SECRET": DEVELOPMENT_SECRET}, "VORONKA_JWT_SECRET"),
        ({"VORONKA_JWT_SECRET": ""}, "VORONKA_JWT_SECRET"),
        ({"VORONKA_JWT_SECRET": "s" * 31}, "VORONKA_JWT_SECRET"),
        ({"VORONKA_JWKS_URL": "http://crm.example.com/jwks.json"}, "VORONKA_JWKS_URL"),
        ({"VORONKA_SECRET_KEY": DEVELOPMENT_KEY}, "VORONKA_SECRET_KEY"),
        ({"VORONKA_SECRET_KEY": "k" * 31}, "VORONKA_SECRET_KEY"),
        ({"VORONKA_EMBEDDED": "true"}, "embedded servers"),
        ({"CRASH_AT": "db.committed"}, "CRASH_AT"),
        ({"VORONKA_PUBLIC_URL": "http://voronka.example.com"}, "VORONKA_PUBLIC_URL"),
    ],
)
def test_production_refuses(monkeypatch: pytest.MonkeyPatch, unsafe: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        given(monkeypatch, SAFE | unsafe)


@pytest.mark.parametrize("size", ["0", "201", "many"])
def test_refuses_a_pool_of_no_use(monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    with pytest.raises(ValidationError, match="voronka_pool_size"):
        given(monkeypatch, NEEDED | {"VORONKA_POOL_SIZE": size})


def test_the_rules_of_billing_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = given(
        monkeypatch,
        NEEDED
        | {
            "VORONKA_GRACE_DAYS": "10",
            "VORONKA_CHARGE_DAYS": "0, 2, 9",
            "VORONKA_SMALLEST_PAYMENTS": "UAH=500, PLN=100",
            "VORONKA_QUOTE_HOURS": "48",
        },
    )

    assert (settings.grace, settings.voronka_charge_days) == (timedelta(days=10), (0, 2, 9))
    assert [settings.smallest_payment(currency) for currency in ("UAH", "PLN", "EUR")] == [500, 100, 0]
    assert (settings.quote, settings.notice, settings.early) == (
        timedelta(days=2),
        timedelta(days=30),
        timedelta(days=3),
    )


def test_a_card_is_charged_in_the_days_of_grace_only(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValidationError, match="VORONKA_CHARGE_DAYS"):
        given(monkeypatch, NEEDED | {"VORONKA_GRACE_DAYS": "6"})
