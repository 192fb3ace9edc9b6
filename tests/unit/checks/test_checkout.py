"""An `up` of production from anything but a release is warned of."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from infra.checks import checkout as checks
from infra.checks.checkout import _git as asks_git
from infra.checks.checkout import unreleased
from infra.checks.findings import Start
from infra.config.load import examine_files
from infra.config.stack_files import read_stack_files
from tests.unit.program import EXAMPLE

if TYPE_CHECKING:
    from pathlib import Path


def _start(stack: str = "production", *, preview: bool = False, **environ: str) -> Start:
    settings, _ = examine_files(stack, read_stack_files(EXAMPLE))
    return Start(settings, environ, {}, dict, preview)


@pytest.fixture(autouse=True)
def git(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask git, which the other unit tests do not."""
    monkeypatch.setattr(checks, "_git", asks_git)


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout at a commit that is no release."""
    monkeypatch.chdir(tmp_path)
    _git("init", "--quiet")
    _git("commit", "--quiet", "--allow-empty", "-m", "one")
    return tmp_path


def _git(*arguments: str) -> None:
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"]
    subprocess.run(["git", *identity, *arguments], check=True, capture_output=True)  # noqa: S607


def test_a_release_is_not_warned_of(checkout: Path) -> None:
    _git("tag", "v1.2.3")
    assert [*unreleased(_start())] == []


@pytest.mark.parametrize(
    ("tag", "dirty", "what"),
    [("", False, "a commit that is no release"), ("worker-1", False, "no release"), ("v1.0", True, "not committed")],
)
def test_anything_else_is(checkout: Path, tag: str, what: str, *, dirty: bool) -> None:
    if tag:
        _git("tag", tag)
    if dirty:
        (checkout / "new").touch()
    (finding,) = unreleased(_start())
    assert (finding.state, what in finding.what) == ("note", True)


@pytest.mark.usefixtures("checkout")
def test_other_stacks_previews_and_the_sandbox_are_not() -> None:
    for start in (_start("staging"), _start(preview=True), _start(RELAY_SANDBOX="/x")):
        assert [*unreleased(start)] == []


def test_a_folder_that_is_no_checkout_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert [*unreleased(_start())] == []
