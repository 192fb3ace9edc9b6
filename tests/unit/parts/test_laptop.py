"""The dotenv file of a laptop, as its usual readers read it."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pulumi
import pytest
from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st
from pydantic_settings import BaseSettings, SettingsConfigDict

from infra.config.validators import dotenv_problem
from infra.parts.laptop import dotenv
from tests.unit.program import ran

if TYPE_CHECKING:
    from pathlib import Path


class _Application(BaseSettings):
    model_config = SettingsConfigDict(extra="allow", case_sensitive=True)


def _read(path: Path, names: list[str]) -> list[dict[str, Any]]:
    """Return what python-dotenv, pydantic-settings and a shell read."""
    script = f'. "$1"; printf "%s\\0" {" ".join(f"${{{name}}}".join(chr(34) * 2) for name in names)}'
    shell = subprocess.run(
        ["/bin/sh", "-c", script, "sh", str(path)], capture_output=True, check=True, encoding="utf-8"
    )
    settings = _Application(_env_file=path, _env_file_encoding="utf-8").model_dump()
    return [
        {name: dotenv_values(path)[name] for name in names},
        {name: settings[name] for name in names},
        dict(zip(names, shell.stdout.split("\0"), strict=False)),
    ]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("laptop") / ".env"


def test_every_reader_reads_the_same(path: Path) -> None:
    text = ran("dev", {"extraSecrets": {"MINE": 'a "b" #c $HOME `d` é'}}).outputs["dotenv"]
    path.write_text(text, encoding="utf-8")
    names = [line.partition("=")[0] for line in text.splitlines()]
    first, *others = _read(path, names)
    assert others == [first, first]
    assert first["MINE"] == 'a "b" #c $HOME `d` é'
    assert first["DATABASE_URL"].endswith("/neondb?sslmode=require")
    # AT Protocol's OAuth specification, "localhost client development": both are in the query, URL-encoded.
    client = urlsplit(first["ATPROTO_CLIENT_ID"])
    assert (client.scheme, client.netloc, client.path) == ("http", "localhost", "")
    assert parse_qs(client.query, strict_parsing=True) == {
        "redirect_uri": ["http://127.0.0.1:8000/auth/callback"],
        "scope": ["atproto repo:app.relay-dev.track"],
    }
    assert "+" not in client.query


@given(st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda text: dotenv_problem(text) is None))
def test_a_value_that_a_file_can_carry_is_read_back(path: Path, value: str) -> None:
    path.write_text(dotenv({"X": value}), encoding="utf-8")
    assert dotenv_values(path)["X"] == value


@pytest.mark.parametrize("value", ["x${HOME}y", "a\\\\b", "a\\", "a\rb", "a\nb", "it's", "\0"])
def test_a_value_that_readers_disagree_on_is_refused(value: str) -> None:
    with pytest.raises(pulumi.RunError, match="dotenv: the value of X has a control character"):
        dotenv({"X": value})


def test_a_configured_one_is_refused_before_anything_starts() -> None:
    with pytest.raises(pulumi.RunError, match=r"Pulumi.dev.yaml: extraSecrets.MINE has a control character") as error:
        ran("dev", {"extraSecrets": {"MINE": "Canary${HOME}"}})
    assert "Canary" not in str(error.value)
