"""What `make bench` makes of its measurements. No clock: none of these figures was measured."""

from __future__ import annotations

from tests.bench import imports, report
from tests.bench.processes import Process, Watched, role
from tests.bench.results import Results, phases, targets

STACKS = ("dev", "staging", "production")


def a_run(program_peak: int = 60_000_000) -> Watched:
    host = Process("language host", started=0.1, ended=1.0, cpu=0.1, peak=40_000_000)
    program = Process("program", started=0.25, ended=0.9, cpu=0.5, peak=program_peak)
    return Watched(began=1000.0, ended=1.1, processes=[host, program], peak=150_000_000)


def results(preview_of_production: float = 2.5) -> Results:
    found = Results(machine={"Machine": "an abacus"}, rounds=3, stacks=STACKS, secrets=(10, 200))
    found.seconds = {"floor": [1.1, 0.9, 1.0], "plain": [4.0, 4.0, 4.0]}
    for stack, seconds in zip(STACKS, (1.4, 1.7, preview_of_production), strict=True):
        found.seconds |= {f"preview {stack}": [seconds] * 3, f"refresh {stack}": [1.0] * 3}
        found.flyctl |= {f"unchanged {stack}": ["version"], f"refresh {stack}": ["version", "status", "secrets list"]}
        found.watched[f"preview {stack}"] = a_run()
        found.phases[stack] = [{"engine": 0.3, "program": seconds - 0.3}]
        found.imports[stack] = {"pulumi": 0.2, "grpc": 0.1} | ({"pulumi_cloudflare": 1} if stack == STACKS[2] else {})
    for count in found.secrets:
        for verb in ("fresh", "unchanged"):
            found.seconds[f"{verb}, {count} secrets"] = [2.0 + count / 1000] * 3
            found.flyctl[f"{verb}, {count} secrets"] = ["secrets list", "secrets import"]
    for run in found.seconds:
        found.flyctl.setdefault(run, [])
    return found


def missed(found: Results) -> list[str]:
    return [target.what for target in targets(found) if target.found > target.limit]


def test_everything_is_within_its_target() -> None:
    assert missed(results()) == []
    assert "| Unchanged preview of production | 3.00 × | 2.50 × | met |" in report.render(results())
    assert "**missed**" not in report.render(results())


def test_a_time_is_compared_by_its_median() -> None:
    found = results()
    found.seconds["preview dev"] = [1.4, 1.4, 9.0]
    assert missed(found) == []
    found.seconds["preview dev"] = [1.4, 1.6, 1.6]
    assert missed(found) == ["Unchanged preview of dev"]


def test_what_is_above_its_target_is_said_so() -> None:
    found = results(preview_of_production=3.5)
    assert missed(found) == ["Unchanged preview of production", "… of production, beside the plain way"]
    assert "| Unchanged preview of production | 3.00 × | 3.50 × | **missed** |" in report.render(found)


def test_a_growing_number_of_flyctl_runs_is_seen() -> None:
    found = results()
    found.flyctl["fresh, 200 secrets"] = ["secrets list", *["secrets import"] * 20]
    found.seconds["fresh, 200 secrets"] = [2.5] * 3
    assert missed(found) == ["`up` with 200 secrets, beside 10", "More flyctl runs with 200 secrets than with 10"]


def test_the_program_is_weighed_alone() -> None:
    found = results()
    found.watched["preview staging"] = a_run(program_peak=91_000_000)
    assert missed(found) == ["Memory of staging's program"]


def test_an_unchanged_up_writes_nothing_and_a_refresh_asks_once() -> None:
    found = results()
    found.flyctl["unchanged staging"] = ["version", "secrets import"]
    found.flyctl["refresh staging"] = ["secrets list", "secrets list"]
    assert missed(found) == [
        "Writing flyctl runs of unchanged `up`s",
        "flyctl runs of one kind in a refresh, for an app",
    ]


def test_the_report_has_every_run_the_stacks_and_the_machine() -> None:
    text = report.render(results())
    assert "| preview of an empty program: the floor | 1.00 | 0.90–1.10 | 1.00 |" in text
    assert "| preview staging | 1.70 | 1.70–1.70 | 1.70 | 150 MB | 60 MB | 2 | 0 |" in text
    assert "| 200 | 2.20 s (1.09 ×) | 2 | 2.20 s (1.09 ×) | 2 |" in text
    assert "| program | 1.10 | 1.40 | 2.20 |" in text
    assert "| language host | 0.10 s | 1.00 s | 0.10 s | 40 MB |" in text
    assert "- Machine: an abacus" in text


def test_packages_stand_in_the_order_of_the_largest_stack() -> None:
    lines = report.render(results()).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("| `pulumi"))
    assert lines[first : first + 4] == [
        "| `pulumi_cloudflare` | 0.000 | 0.000 | 1.000 |",
        "| `pulumi` | 0.200 | 0.200 | 0.200 |",
        "| `grpc` | 0.100 | 0.100 | 0.100 |",
        "| all | 0.300 | 0.300 | 1.300 |",
    ]


def test_tables_have_as_many_cells_in_each_row() -> None:
    for block in report.render(results()).split("\n\n"):
        widths = {line.count("|") for line in block.splitlines() if line.startswith("|")}
        assert len(widths) <= 1, block


def test_phases_are_the_whole_preview() -> None:
    times = {"entered": 1000.45, "imported": 1000.55, "declared": 1000.7, "ended": 1000.85}
    taken = phases(a_run(), times)
    assert [round(seconds, 2) for seconds in taken.values()] == [0.25, 0.2, 0.1, 0.15, 0.15, 0.25]


def test_import_times_are_summed_by_package() -> None:
    lines = [
        "import time: self [us] | cumulative | imported package",
        "import time:       100 |        100 |   pulumi.output",
        "import time:       200 |        300 | pulumi",
        "import time:        40 |         40 | encodings.utf_8",
        "import time:        60 |         60 | json",
        "a warning",
    ]
    assert imports.totals(lines) == {"pulumi": 0.0003, "standard library": 0.0001}


def test_processes_are_told_apart_by_their_command_lines() -> None:
    root = "/a place/.venv/bin/python -I -u /a place/.sandbox/engine/../.."
    assert role(f"{root}/setup/engine/program.py") == "program"
    assert role(f"{root}/setup/engine/language_host.py 127.0.0.1:1") == "language host"
    assert role(f"{root}/setup/engine/dynamic_provider.py 127.0.0.1:1") == "dynamic providers"
    assert role("/usr/bin/python3 -u /opt/pulumi/bin/pulumi-language-python-exec --monitor 127.0.0.1:1") == "program"
    assert role("/opt/pulumi/bin/pulumi-language-python -root=/a place") == "language host"
    assert role("/opt/pulumi/bin/pulumi preview --stack dev") == "engine"
    assert role("python -c import sys /a place /a world/bin/flyctl secrets list") == "flyctl"
    assert role("sleep 1") == "other"
