"""Tokens as the host CRM makes them."""

import os
import subprocess
from pathlib import Path
from uuid import UUID

import jwt
import pytest

from services.local import tokens
from services.local.errors import Refusal

ROOT = Path(__file__).parents[2]
SECRET = "a secret of at least thirty-two bytes"
ENV = {"VORONKA_JWT_SECRET": SECRET}
ACCOUNT = UUID("01990000-0000-7000-8000-00000000000a")
USER = UUID("01990000-0000-7000-8000-00000000000b")


def read(token: str) -> dict[str, object]:
    claims: dict[str, object] = jwt.decode(token, SECRET, algorithms=["HS256"], audience="voronka", issuer="crm")
    return claims


def test_says_who_where_and_what() -> None:
    claims = read(tokens.person(ENV, ACCOUNT, USER, "Оля", ["DEALS_WRITE"], 60, "uk"))

    issued = claims.pop("iat")
    assert isinstance(issued, int)
    assert claims == {
        "sub": str(USER),
        "account": str(ACCOUNT),
        "name": "Оля",
        "locale": "uk",
        "permissions": ["DEALS_WRITE"],
        "exp": issued + 60,
        "iss": "crm",
        "aud": "voronka",
    }


def test_the_crm_itself_has_no_account() -> None:
    claims = read(tokens.service(ENV, 60))

    assert (claims["sub"], claims["permissions"], "account" in claims) == ("crm", ["ACCOUNTS_MANAGE"], False)


def test_permissions_are_those_that_exist() -> None:
    assert tokens.read_permissions("deals_write, FUNNELS_MANAGE,") == ["DEALS_WRITE", "FUNNELS_MANAGE"]
    with pytest.raises(Refusal, match="No such permission: FLY"):
        tokens.read_permissions("DEALS_WRITE,FLY")


@pytest.mark.parametrize("secret", ["", "short"])
def test_signs_with_a_real_secret_only(secret: str) -> None:
    with pytest.raises(Refusal, match="No secret to sign with"):
        tokens.service({"VORONKA_JWT_SECRET": secret}, 60)


def test_the_command_prints_the_token_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "env").write_text(f"VORONKA_JWT_SECRET={SECRET}\n")
    command = [str(ROOT / "dev"), "token", "--account", str(ACCOUNT), "--user", str(USER), "--name", "Оля"]
    command += ["--permissions", "DEALS_WRITE,BILLING_MANAGE", "--ttl", "5", "--state", str(tmp_path)]
    env = {name: value for name, value in os.environ.items() if name != "VORONKA_JWT_SECRET"}

    said = subprocess.check_output(command, env=env, text=True)

    assert said.count("\n") == 1
    assert read(said.strip())["permissions"] == ["DEALS_WRITE", "BILLING_MANAGE"]


def test_the_command_refuses_in_a_sentence(tmp_path: Path) -> None:
    command = [str(ROOT / "dev"), "token", "--state", str(tmp_path), "--service"]
    env = {name: value for name, value in os.environ.items() if name != "VORONKA_JWT_SECRET"}

    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("dev: No secret to sign with")
