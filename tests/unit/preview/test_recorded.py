"""Recorded previews become exactly the Markdown beside them, and no secret gets through."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ops.preview import markdown, wording
from ops.preview import reader as previews
from ops.redact import MASK, redact
from tests.unit.preview.record import HERE, SCENARIOS, rendered

NAMES = [scenario.name for scenario in SCENARIOS]
CANARY = "canary5f1d"
SENSITIVE = ("password", "deploy_token", "apiKey", "connectionUri", "__provider")
SHAPE = f"postgresql+psycopg://owner:{CANARY}@ep-1.eu-central-1.aws.neon.tech/db?sslmode=require"


def _record(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text())
    return record


def _comments(record: dict[str, Any], secrets: tuple[str, ...] = ()) -> list[str]:
    document = record["preview"]
    preview = previews.read(
        record["stack"],
        stdout="" if document is None else json.dumps(document),
        stderr=record["stderr"],
        exit_code=record["exit_code"],
        secrets=secrets,
    )
    return [render(preview, markdown.Context("abc")) for render in (markdown.comment, markdown.summary)]


@pytest.mark.parametrize("name", NAMES)
def test_markdown_is_as_expected(name: str) -> None:
    assert rendered(name) == (HERE / f"{name}.md").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_a_secret_is_known_by_its_shape_in_every_text(name: str) -> None:
    record = _record(name)
    record["stderr"] += f"\nerror: connecting failed: {SHAPE} (timeout)\n"
    document = record["preview"]
    if document:
        document["diagnostics"] = [
            *(document.get("diagnostics") or []),
            *(
                {"severity": severity, "message": f"{severity}: {SHAPE}"}
                for severity in ("warning", "error", "info#err")
            ),
        ]
        for step in document["steps"]:
            for state in _states(step):
                state["inputs"] = {**state.get("inputs", {}), "note": SHAPE, "list": [SHAPE]}
    for text in _comments(record):
        assert CANARY not in text


@pytest.mark.parametrize("name", NAMES)
def test_outputs_ids_and_sensitive_names_are_not_shown(name: str) -> None:
    record = _record(name)
    for step in (record["preview"] or {}).get("steps", []):
        for state in _states(step):
            state |= {"id": CANARY, "outputs": {"base64": CANARY, "plain": CANARY}}
            state["inputs"] = state.get("inputs", {}) | dict.fromkeys(SENSITIVE, CANARY)
            state["inputs"]["nested"] = {"clientSecret": [CANARY], "DATABASE_URL": {"deep": CANARY}}
        step["detailedDiff"] = {path: {"kind": "update"} for path in ("password", "nested.clientSecret[0]")}
    for text in _comments(record):
        assert CANARY not in text


@pytest.mark.parametrize("name", NAMES)
def test_a_credential_of_the_job_is_shown_nowhere(name: str) -> None:
    # The value stands in plain places: a name, a path, a message.
    record = json.loads(json.dumps(_record(name)).replace("staging", CANARY).replace("production", CANARY))
    record["stack"] = "stack"
    for text in _comments(record, secrets=(CANARY,)):
        assert CANARY not in text


def test_a_difference_in_outputs_alone_is_no_change() -> None:
    """A refresh after a build of Pages shows the new deployment, which no `up` would change."""
    record = _record("updates")
    step = next(step for step in record["preview"]["steps"] if step["op"] == "update")
    step["detailedDiff"] = {path: {"kind": "update"} for path in ("latestDeployment.id", "canonicalDeployment")}
    before = _comments(_record("updates"))[0].count("- update")
    assert _comments(record)[0].count("- update") == before - 1
    step["detailedDiff"] |= {next(iter(step["newState"]["inputs"])): {"kind": "update"}}
    assert _comments(record)[0].count("- update") == before


def test_what_the_language_host_prints_is_left_out() -> None:
    assert "info#err" in json.dumps(_record("noise"))
    assert "KeyboardInterrupt" not in rendered("noise")


@pytest.mark.parametrize(
    "said",
    [
        "configuring neon: [HTTP Code: 401][Error Code: ] supplied credentials do not pass authentication",
        "configuring github: https://api.github.com/…: 401 Bad credentials []",
        'GET "https://api.cloudflare.com/…": 403 {"errors":[{"code":10000,"message":"Authentication error"}]}',
    ],
)
def test_a_refused_credential_has_a_next_step_once(said: str) -> None:
    record = _record("bad-configuration")
    record["preview"]["diagnostics"] = [{"message": f"error: {said}\n", "severity": "error"}] * 2
    assert _comments(record)[0].count("`bin/doctor --for staging` names it") == 1


HOST = "error: an unhandled error occurred: program exited with non-zero exit code: 1\n"


@pytest.mark.parametrize("name", ["bad-configuration", "crash"])
def test_the_host_s_own_error_is_shown_only_where_it_is_alone(name: str) -> None:
    record = _record(name)
    before = _comments(record)
    record["preview"]["diagnostics"].append({"message": HOST, "severity": "error"})
    assert _comments(record) == before
    record["preview"]["diagnostics"] = [{"message": HOST, "severity": "error"}]
    assert "program exited with non-zero exit code: 1" in _comments(record)[0]


def _many(count: int) -> dict[str, Any]:
    record = _record("updates")
    step = next(step for step in record["preview"]["steps"] if step["op"] == "update")
    text = json.dumps(step)
    name = step["urn"].rsplit("::")[-1]
    steps = [json.loads(text.replace(name, f"{name}-{number:03}")) for number in range(count)]
    steps[count // 2]["op"] = "delete"
    record["preview"]["steps"] = steps
    return record


@pytest.mark.parametrize(("count", "limit"), [(100, 1_000_000), (500, 1_000_000), (500, 100_000)])
def test_nothing_is_longer_than_github_takes(monkeypatch: pytest.MonkeyPatch, count: int, limit: int) -> None:
    assert (markdown.COMMENT_LIMIT, markdown.SUMMARY_LIMIT) == (60_000, 1_000_000)
    monkeypatch.setattr(markdown, "SUMMARY_LIMIT", limit)
    comment, summary = _comments(_many(count))
    assert f"1 to delete, {count - 1} to update" in comment
    assert comment.index("**delete**") < comment.index("- update")
    assert ("more: in the job summary" in comment) == (count > 100)
    whole = limit == 1_000_000
    assert ("more: too long to show" in summary) != whole
    assert not whole or summary.split("<details>")[0].count("\n- ") == count
    assert len(comment.encode()) <= markdown.COMMENT_LIMIT
    assert len(summary.encode()) <= markdown.SUMMARY_LIMIT
    for text in (comment, summary):
        assert text.count("```") % 2 == 0
        assert text.count("<details>") == text.count("</details>")


def test_a_long_error_does_not_push_out_the_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(markdown, "SUMMARY_LIMIT", 100_000)
    record = _record("crash")
    record["preview"]["diagnostics"] = [
        {"severity": "error", "message": f"error: {'ü' * (markdown.SUMMARY_LIMIT // 2)}"}
    ]
    comment, summary = _comments(record)
    assert "preview failed" in comment
    assert len(comment.encode()) <= markdown.COMMENT_LIMIT
    assert len(summary.encode()) <= markdown.SUMMARY_LIMIT


@pytest.mark.parametrize("text", ["a-", "://a", "://a:", "PASSWORD ", "fm2_ ", "npg_"])
def test_a_secret_behind_many_parts_that_only_begin_like_one(text: str) -> None:
    """Each of them was once looked at up to the end: a text of four times this length then took many seconds."""
    assert redact(f"{text * 5_000}\nFlyV1 fm2_abcdefghijklmnop\n").endswith(f"\n{MASK}\n")


@pytest.mark.parametrize("text", ["`", "``x", "a```b", "</details>", "@everyone", "[x](http://y)", "| a |"])
def test_no_markdown_of_a_value_takes_effect(text: str) -> None:
    fence = wording.block(text).splitlines()
    assert fence[-1] == "`" * len(fence[-1])
    assert fence[-1] not in text
    span = wording.code(text)
    ticks = len(span) - len(span.lstrip("`"))
    assert "`" * ticks not in span[ticks:-ticks]


def test_an_operation_that_is_not_known_here_comes_first() -> None:
    record = _record("creates")
    record["preview"]["steps"][-1]["op"] = "discard-replaced"
    comment, _ = _comments(record)
    assert "1 to discard-replaced, 9 to create" in comment
    assert comment.index("**discard-replaced**") < comment.index("- create")


def test_a_failure_without_words_says_its_exit_code() -> None:
    record = _record("no-changes") | {"exit_code": 255, "stderr": ""}
    record["preview"]["diagnostics"] = None
    assert "exit code 255" in _comments(record)[0]


def _states(step: dict[str, Any]) -> list[dict[str, Any]]:
    return [step[key] for key in ("oldState", "newState") if step.get(key)]
