"""Carry each value to Fly.io unaltered, or refuse it before flyctl runs."""

from __future__ import annotations

from itertools import islice

import pytest

from infra.providers.fly.errors import SecretFormatError
from infra.providers.fly.names import SECRET
from infra.providers.fly.secrets_format import MAX_LINE_BYTES, encode, secret_problem
from sandbox.flyctl.importer import parse

# Each example is one string of bytes, because drawing is what costs: again and again a length, up to 15, and so many
# characters. That makes 529 values on average. Shrinking makes bytes smaller, and so characters plainer.
LONGEST, SIZE, EXAMPLES = 15, 4_500, 50
_NASTY = [*"#\"'= \n\r\t\\", '"""', "\0", "\ufeff", "é", "a"]
_ODD = [*map(chr, range(1, 32)), "\x7f", "\x85", "\xa0", "\u200b", "\u2028", "\u2029", "☃", "𝄞", "\uffff", "\U0010ffff"]
_CHARACTERS = [*map(chr, range(97, 123)), *map(chr, range(32, 97)), *_ODD]
_CHARACTERS += [_NASTY[i % len(_NASTY)] for i in range(256 - len(_CHARACTERS))]


def _values(data: bytes) -> list[str]:
    left = iter(data)
    return ["".join(_CHARACTERS[byte] for byte in islice(left, length % (LONGEST + 1))) for length in left]


@pytest.mark.filterwarnings("ignore:Generating overly large repr")  # of a failing example
def test_no_value_is_altered() -> None:
    # Here, for the one worker that runs this: it takes a tenth of a second.
    from hypothesis import HealthCheck, given, settings
    from hypothesis import strategies as st

    arrived = 0

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.large_base_example])
    @given(st.binary(min_size=SIZE, max_size=SIZE))
    def check(data: bytes) -> None:
        nonlocal arrived
        named = {f"S{i}": value for i, value in enumerate(_values(data))}
        secrets = {name: value for name, value in named.items() if secret_problem(name, value) is None}
        for name, value in named.items():
            assert name in secrets or "\n" in value, "only values of several lines are refused"
        read = parse(encode(secrets))
        assert {name: value for name, value in secrets.items() if read.get(name) != value} == {}
        assert read.keys() == secrets.keys()
        arrived += len(secrets)

    check()
    assert arrived >= 20_000


# A line is longer, or a text more regular, than the property above draws it.
@pytest.mark.parametrize(
    "value",
    [
        "",
        "-----BEGIN KEY-----\nAb+/=\n-----END KEY-----\n",
        "lines\r\nthat end\r\r\nin CR\r\n",
        'first\n"""inside""" a line\nlast ends with """',
        "x" * 60_000 + "\n" + "y" * 60_000,
    ],
)
def test_values_that_arrive(value: str) -> None:
    secrets = {"BEFORE": "1", "NAME": value, "Z_AFTER": "2"}
    assert parse(encode(secrets)) == secrets


@pytest.mark.parametrize(
    ("value", "reason"),
    [
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
    problem = secret_problem("PEM", value)
    assert problem is not None
    assert reason in problem


def test_the_error_names_every_refused_secret_and_shows_none() -> None:
    with pytest.raises(SecretFormatError) as caught:
        encode({"GOOD": "fine", "BAD": 'hunter2"""\nx', "1ST": "hunter2"})
    assert "'BAD': " in str(caught.value)
    assert "'1ST': " in str(caught.value)
    assert "GOOD" not in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("name", ["", "1A", "A-B", "A B", "A=B", "É", "A\n", "export A", "#A"])
def test_names_that_are_refused(name: str) -> None:
    assert SECRET.problem(name)
    assert secret_problem(name, "fine") == SECRET.problem(name)
