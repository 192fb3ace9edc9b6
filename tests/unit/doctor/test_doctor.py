"""`bin/doctor`: the report, and its exit code."""

from __future__ import annotations

import pytest

from infra.checks.findings import Finding
from ops.doctor import __main__ as doctor
from ops.doctor import machine as of_machine
from ops.doctor import stack as of_stack


@pytest.fixture
def findings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Findings of every kind, without a look at anything."""
    made = [
        Finding("ok", "one"),
        Finding("missing", "two", "mend it"),
        Finding("wrong", "three"),
        Finding("note", "four"),
    ]
    for name in ("sandbox", "real"):
        monkeypatch.setattr(of_machine, name, lambda: made)
    monkeypatch.setattr(of_stack, "check", lambda name: [Finding("ok", f"stack {name}")])


@pytest.mark.usefixtures("findings")
def test_the_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--for", "sandbox"]) == 1
    assert capsys.readouterr().out == (
        "The sandbox and the tests (bin/sandbox, make test)\n"
        "  ok       one\n"
        "  MISSING  two\n"
        "           → mend it\n"
        "  WRONG    three\n"
        "  note     four\n"
        "In order: nothing yet. Not yet: the sandbox and the tests (2).\n"
    )


@pytest.mark.usefixtures("findings")
def test_a_plain_listing_always_succeeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main([]) == 0
    headings = [line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")]
    assert headings == [
        "The sandbox and the tests (bin/sandbox, make test)",
        "Real accounts (pulumi up)",
        "Stack production",
        "Stack staging",
        "Stack dev",
        "In order: stack production, stack staging, stack dev. Not yet: the sandbox and",
        "the tests (2), real accounts (2).",
    ]


@pytest.mark.usefixtures("findings")
def test_what_is_asked_for_decides(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.main(["--for", "sandbox"]) == 1
    for name in ("sandbox", "real"):
        monkeypatch.setattr(of_machine, name, lambda: [Finding("ok", "fine"), Finding("note", "no matter")])
    assert doctor.main(["--for", "dev"]) == doctor.main(["dev"]) == 0
    assert doctor.main(["sandbox"]) == 0
    assert "stack dev" in capsys.readouterr().out


def test_an_unknown_stack(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["stagign"], ["--for", "stagign"], [""]):
        with pytest.raises(SystemExit):
            doctor.main(arguments)
        said = f"there is no stack {arguments[-1]!r}: choose from sandbox, production, staging, dev"
        assert said in capsys.readouterr().err
