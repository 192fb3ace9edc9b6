"""Every value arrives as it was, or is refused before anything is sent."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra.providers.fly.errors import SecretFormatError
from infra.providers.fly.secrets_format import MAX_LINE_BYTES, encode, name_problem, value_problem
from tests.unit.fly import importer

VALUES_EACH = 40
EXAMPLES = 600  # 24,000 values; about a tenth is refused

_nasty = st.lists(st.sampled_from(["#", '"', "'", "=", " ", "\n", "\r", "\t", '"""', "a", "\\", "é", "\0", "\ufeff"]))
value_strategy = _nasty.map("".join) | st.text(max_size=30)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(value_strategy, min_size=VALUES_EACH, max_size=VALUES_EACH))
def test_no_value_is_altered(values: list[str]) -> None:
    secrets = {f"S{i}": value for i, value in enumerate(values) if value_problem(f"S{i}", value) is None}
    assert importer.read(encode(secrets)) == secrets


@settings(max_examples=2000, deadline=None)
@given(value_strategy)
def test_only_values_of_several_lines_are_refused(value: str) -> None:
    if value_problem("A", value) is not None:
        assert "\n" in value


@pytest.mark.parametrize(
    "value",
    [
        "",
        " ",
        "plain",
        "it's # here",
        '"quoted"',
        "'",
        '"',
        '"#',
        '"""',
        '""""""',
        "a=b",
        "postgresql+psycopg://u:p@h/db?sslmode=require",
        '{"a": "b # c", "d": [1]}',
        "-----BEGIN KEY-----\nAb+/=\n-----END KEY-----\n",
        "# first\nsecond",
        "ends in CR\r",
        "\nleading and trailing\n",
        'first\n"""inside""" a line\nlast ends with """',
        "naïve ☃ 𝄞",
        "x" * 60_000 + "\n" + "y" * 60_000,
    ],
)
def test_values_that_arrive(value: str) -> None:
    secrets = {"BEFORE": "1", "NAME": value, "Z_AFTER": "2"}
    assert importer.read(encode(secrets)) == secrets


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a\r\nb", "CR LF"),
        ('a"""\nb', 'ends with """'),
        ('a\nb"""\nc', 'ends with """'),
        ('say "x # y\nb', "first has a #"),
        ("x" * (MAX_LINE_BYTES + 1), "more than"),
        ("☃" * (MAX_LINE_BYTES // 3 + 1), "more than"),
        ("one\n" + "x" * (MAX_LINE_BYTES + 1), "more than"),
        ("\ud800", "not valid Unicode"),
        (5, "not int"),
    ],
)
def test_values_that_are_refused(value: object, reason: str) -> None:
    problem = value_problem("PEM", value)
    assert problem is not None
    assert reason in problem


def test_the_error_names_every_refused_secret_and_shows_none() -> None:
    with pytest.raises(SecretFormatError) as caught:
        encode({"GOOD": "fine", "BAD": "hunter2\r\nx", "1ST": "hunter2"})
    assert "BAD: " in str(caught.value)
    assert "1ST: " in str(caught.value)
    assert "GOOD" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "É", "A\n", "export A", "#A"])
def test_names_that_are_refused(name: str) -> None:
    assert name_problem(name)


@pytest.mark.parametrize("name", ["A", "_a", "DATABASE_URL", "a1"])
def test_names_that_are_accepted(name: str) -> None:
    assert name_problem(name) is None
