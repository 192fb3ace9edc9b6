'''Writes secrets in the format `flyctl secrets import` reads, so that none is altered.

flyctl's parser changes and drops values without an error: it cuts at `#`, strips quotes, loses everything after an
unclosed block or an overlong line. This module knows only forms that arrive whole, and refuses every other value.
Verified against flyctl v0.4.87, whose reading is: one `NAME=VALUE` a line; a VALUE is cut at its first `#` unless an
odd number of `"` stands before it; one pair of outer quotes is removed; `"""` opens a block that ends with the first
later line ending in `"""`; a CR before a line's end is lost.
'''

from collections.abc import Mapping

from infra.providers.fly.errors import SecretFormatError
from infra.providers.fly.names import SECRET

MAX_LINE_BYTES = 60 * 1024
"""Longest line written, in bytes with name and quotes. flyctl's own limit is 65,535, beyond which it drops the rest."""

_BLOCK = '"""'


def secret_problem(name: str, value: object) -> str | None:
    """Return why flyctl cannot carry this secret unaltered, beginning with its name, or None.

    Shows nothing of the value.
    """
    problem = _value_problem(name, value)
    return SECRET.problem(name) or (f"{name!r}: {problem}" if problem else None)


def encode(values: Mapping[str, str]) -> bytes:
    """Return what to give `flyctl secrets import` on standard input.

    Raises:
        SecretFormatError: A name or a value cannot be carried; names all of them.
    """
    bad = [problem for name, value in sorted(values.items()) if (problem := secret_problem(name, value))]
    if bad:
        raise SecretFormatError("writing the secrets in flyctl's format", "; ".join(bad))
    return "".join(f"{_assignment(name, values[name])}\n" for name in sorted(values)).encode()


def _assignment(name: str, value: str) -> str:
    single = "\n" not in value and ("#" not in value or _odd_quotes_before_hash(value))
    quote = "'" if single else _BLOCK
    return f"{name}={quote}{value}{quote}"


def _value_problem(name: str, value: object) -> str | None:
    if not isinstance(value, str):
        return f"a value is a string, not {type(value).__name__}"
    try:
        data = _assignment(name, value).encode()
    except UnicodeEncodeError:
        return "the value is not valid Unicode"
    if max(map(len, data.split(b"\n"))) > MAX_LINE_BYTES:
        return f"the value has a line of more than {MAX_LINE_BYTES} bytes"
    return _block_problem(value) if "\n" in value else None


def _block_problem(value: str) -> str | None:
    *lines, _ = value.split("\n")
    if any(line.endswith("\r") for line in lines):
        return "the value has lines that end in CR LF, and flyctl loses the CR; write it with LF alone"
    if any(line.endswith(_BLOCK) for line in lines):
        return f"the value has several lines, one of which ends with {_BLOCK}"
    if "#" in lines[0] and _odd_quotes_before_hash(lines[0]):
        return 'the value has several lines, and the first has a # after an odd number of "'
    return None


def _odd_quotes_before_hash(line: str) -> bool:
    return line.partition("#")[0].count('"') % 2 == 1
