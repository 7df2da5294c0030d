"""What an operator says of callers, and the key under which secrets are kept that must be known in clear."""

import base64
import hashlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from cryptography.fernet import Fernet, InvalidToken

from shared.config import Settings
from shared.ingest.model import SourceKind


class Vault:
    """Seals secrets with a key that stands in the settings: the database alone opens none."""

    def __init__(self, key: str) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))

    def seal(self, secret: str) -> bytes:
        return self._fernet.encrypt(secret.encode())

    def open(self, sealed: bytes) -> str | None:
        """None when it was sealed with another key."""
        try:
            return self._fernet.decrypt(sealed).decode()
        except InvalidToken:
            return None


@dataclass(frozen=True)
class Trust:
    """By kind: the only addresses that its sources may be called from; secrets and greetings that hold for all."""

    vault: Vault
    ips: Mapping[SourceKind, Collection[str]] = field(default_factory=dict)
    secrets: Mapping[SourceKind, Collection[str]] = field(default_factory=dict)
    greetings: Mapping[SourceKind, Collection[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> "Trust":
        secret, token = settings.voronka_facebook_app_secret, settings.voronka_facebook_verify_token
        return cls(
            Vault(settings.voronka_secret_key),
            ips={SourceKind.BINOTEL: settings.voronka_binotel_addresses},
            secrets={SourceKind.FACEBOOK_LEADS: (secret,) if secret else ()},
            greetings={SourceKind.FACEBOOK_LEADS: (token,) if token else ()},
        )
