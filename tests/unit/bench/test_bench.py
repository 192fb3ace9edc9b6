"""Targets and tables of `make bench`, from made-up measurements."""

from __future__ import annotations

from tests.bench import report
from tests.bench.report import SECRETS, STACKS, Results, targets


def results(preview_of_production: float = 2.5) -> Results:
    """Return measurements within every target, unless production's preview is slower."""
    found = Results(machine={"Machine": "an abacus"}, rounds=3)
    found.seconds = {"floor": [1.1, 0.9, 1.0], "plain": [4.0, 4.0, 4.0]}
    for stack, seconds in zip(STACKS, (1.4, 1.7, preview_of_production), strict=True):
        found.seconds |= {f"preview {stack}": [seconds] * 3, f"refresh {stack}": [1.0] * 3}
        found.flyctl |= {f"unchanged {stack}": ["version"], f"refresh {stack}": ["version", "status", "secrets list"]}
    for count in SECRETS:
        for verb in ("first", "unchanged"):
            found.seconds[f"{verb}, {count} secrets"] = [2.0 + count / 1000] * 3
            found.flyctl[f"{verb}, {count} secrets"] = ["secrets list", "secrets import"]
    for run in found.seconds:
        found.flyctl.setdefault(run, [])
        found.memory[run] = 150_000_000
    return found


def missed(found: Results) -> list[str]:
    """Return the names of the missed targets."""
    return [target.name for target in targets(found) if target.measured > target.limit]


def test_a_time_counts_by_its_median() -> None:
    found = results()
    found.seconds["preview dev"] = [1.4, 1.4, 9.0]
    assert missed(found) == []
    found.seconds["preview dev"] = [1.4, 1.6, 1.6]
    assert missed(found) == ["Unchanged preview of dev"]


def test_the_page_names_a_missed_target() -> None:
    found = results(preview_of_production=3.5)
    assert missed(found) == ["Unchanged preview of production", "… of production, beside the plain way"]
    assert "| Unchanged preview of production | 3.00 × | 3.50 × | **missed** |" in report.render(found)
    assert "**missed**" not in report.render(results())


def test_more_flyctl_runs_for_more_secrets_miss_the_target() -> None:
    found = results()
    found.flyctl["first, 200 secrets"] = ["secrets list", *["secrets import"] * 20]
    found.seconds["first, 200 secrets"] = [2.5] * 3
    assert missed(found) == ["`up` with 200 secrets, beside 10", "More flyctl runs with 200 secrets than with 10"]


def test_an_unchanged_up_that_writes_and_a_refresh_that_repeats_miss_the_target() -> None:
    found = results()
    found.flyctl["unchanged staging"] = ["version", "secrets import"]
    found.flyctl["refresh staging"] = ["secrets list", "secrets list"]
    assert missed(found) == [
        "Writing flyctl runs of unchanged `up`s",
        "flyctl runs of one kind in a refresh, for an app",
    ]


def test_the_page_has_every_run_and_the_machine() -> None:
    text = report.render(results())
    assert "| preview of an empty program: the floor | 1.00 | 0.90–1.10 | 1.00 | 150 MB | 0 |" in text
    assert "| preview staging | 1.70 | 1.70–1.70 | 1.70 | 150 MB | 0 |" in text
    assert "| 200 | 2.20 s (1.09 ×) | 2 | 2.20 s (1.09 ×) | 2 |" in text
    assert "- Machine: an abacus" in text
    for block in text.split("\n\n"):
        widths = {line.count("|") for line in block.splitlines() if line.startswith("|")}
        assert len(widths) <= 1, block
