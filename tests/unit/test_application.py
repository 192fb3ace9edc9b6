"""Give the application its variables, from a stack's settings."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pulumi
import pytest

from infra import application
from infra.config.load import examine_files
from tests.unit.config.test_across_stacks import files
from tests.unit.program import EXAMPLE, run_program

if TYPE_CHECKING:
    from pathlib import Path

    from infra.config.settings import Settings
    from tests.unit.program import State


def settings(stack: str, changes: dict[str, Any] | None = None, project: dict[str, Any] | None = None) -> Settings:
    found, problems = examine_files(stack, files(project, **{stack: changes or {}}))
    assert problems == []
    return found


def test_a_scope_of_its_own() -> None:
    url = urlsplit(application.client_id(settings("dev", {"oauthScope": "atproto transition:generic"})))
    assert parse_qs(url.query)["scope"] == ["atproto transition:generic"]


def test_a_path_of_its_own_for_the_clients_metadata() -> None:
    found = settings("staging", {"clientMetadataPath": "/oauth/client.json"})
    assert application.client_id(found) == "https://tune-api-staging.fly.dev/oauth/client.json"


@pytest.mark.parametrize(
    ("stack", "own", "shared", "namespace"),
    [
        ("staging", None, None, "app.relay-staging"),
        ("staging", "fm.tune.beta", None, "fm.tune.beta"),
        ("staging", None, "fm.tune", "fm.tune-staging"),
        ("production", None, None, None),
        ("production", None, "fm.tune", "fm.tune"),
        ("production", "fm.tune.live", "fm.tune", "fm.tune.live"),
    ],
)
def test_the_namespace(stack: str, own: str | None, shared: str | None, namespace: str | None) -> None:
    project = {"atprotoNamespace": shared} if shared else {}
    changes = {"atprotoNamespace": own} if own else {}
    assert application.namespace(settings(stack, changes, project)) == namespace


@pytest.mark.parametrize(
    ("origin", "admitted"),
    [
        ("https://tune-8xz.pages.dev", True),
        ("https://www.tune.example", True),
        ("https://a.tune.example", True),
        ("https://a.b.tune.example", False),
        ("https://tune.example", False),
        ("https://wwwxtune.example", False),
        ("https://staging.tune-8xz.pages.dev", False),
    ],
)
def test_further_origins(origin: str, admitted: bool) -> None:
    found = settings("production", {"corsOrigins": ["https://www.tune.example", "https://*.tune.example"]})
    assert bool(re.fullmatch(application.cors_origin_regex(found, found.frontend_url), origin)) is admitted
    assert found.bucket_origins[:2] == ("https://tune-8xz.pages.dev", "https://*.tune.example")


def test_a_plain_secret_of_a_further_app_is_refused() -> None:
    written = {"tune-worker": {"extraSecrets": {"OPENAI_KEY": "x", "OTHER": {"secure": "v1:x"}}}}
    _, problems = examine_files("staging", files(staging={"apps": written}))
    assert problems == [
        "Pulumi.staging.yaml: apps.tune-worker.extraSecrets.OPENAI_KEY is not encrypted: "
        "`pulumi config set --secret --path apps.tune-worker.extraSecrets.OPENAI_KEY -s staging`"
    ]


@pytest.fixture
def hostless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example's stack files, in the working directory, without the hosts that Cloudflare chooses."""
    for path in EXAMPLE.glob("Pulumi*.yaml"):
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        unknown = ("  pagesHost:", "  bucketPublicHost:")
        (tmp_path / path.name).write_text("".join(line for line in lines if not line.startswith(unknown)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_host_that_cloudflare_chooses_is_used_in_the_same_up(hostless: Path) -> None:
    run = run_program("production", {"adopt": None}, root=hostless)
    values = run.one("fly-secrets").inputs["values"]
    assert values["FRONTEND_URL"] == run.outputs["frontendUrl"] == "https://tune-8xz.pages.dev"
    assert re.fullmatch(values["FRONTEND_CORS_ORIGIN_REGEX"], "https://tune-8xz.pages.dev")
    assert run.one("variable-FRONTEND_URL").inputs["value"] == "https://tune-8xz.pages.dev"
    assert run.one("bucket-cors").inputs["rules"][0]["allowed"]["origins"] == [
        "https://tune-8xz.pages.dev",
        "https://staging.tune-8xz.pages.dev",
        "http://localhost:5173",
    ]
    (said,) = [text for text in run.messages if text.startswith("Cloudflare chose ")]
    assert {"tune-8xz.pages.dev", "pub-99999999999999999999999999999999.r2.dev."} < {*said.split()}
    assert said.endswith("\n  bin/adopt production --write")


def test_staging_alone_has_no_frontend_and_says_so(hostless: Path) -> None:
    run = run_program("staging", root=hostless)
    values = run.one("fly-secrets").inputs["values"]
    assert "FRONTEND_URL" not in values
    assert values["FRONTEND_CORS_ORIGIN_REGEX"] == "^$"
    assert "variable-FRONTEND_URL" not in run.names()
    assert "R2_PUBLIC_BUCKET_URL" not in run.outputs["flyEnv"]
    said = [text for text in run.messages if " is missing, so this stack comes up without" in text]
    assert [text.partition(" ")[0] for text in said] == ["bucketPublicHost", "pagesHost"]
    assert all("Then: `pulumi up -s staging`" in text for text in said)


def test_a_stack_does_not_forget_its_frontend(hostless: Path) -> None:
    state: State = {"variable-FRONTEND_URL": ("github:index/actionsVariable:ActionsVariable", {"id": "tune:X"})}
    with pytest.raises(pulumi.RunError, match="pagesHost is missing, so this stack would lose the address"):
        run_program("staging", state=state, root=hostless)
