'''Write secrets in the format of `flyctl secrets import`, so that none is altered.

flyctl's parser changes and drops values without an error. It cuts at `#`, strips quotes, and loses everything after an
unclosed block or an overlong line. This module uses only forms that arrive whole, and refuses every other value.

Its grammar, verified with flyctl v0.4.87: one `NAME=VALUE` a line. A VALUE is cut at its first `#`, unless an odd
number of `"` stands before it. One pair of outer quotes is removed. `"""` opens a block, which the first later line
that ends in `"""` closes. Of a line that ends in CR LF, the CR is lost.
'''

from collections.abc import Mapping

from infra.providers.fly.errors import SecretFormatError
from infra.providers.fly.names import SECRET

MAX_LINE_BYTES = 60 * 1024
"""Longest line written, in bytes with name and quotes. flyctl's own limit is 65,535, beyond which it drops the rest."""

_BLOCK = '"""'


def secret_problem(name: str, value: object) -> str | None:
    """Return why flyctl cannot carry this secret unaltered, or None. The text names the secret and shows no value."""
    problem = _value_problem(name, value)
    return SECRET.problem(name) or (f"{name!r}: {problem}" if problem else None)


def encode(values: Mapping[str, str]) -> bytes:
    """Return the standard input for `flyctl secrets import`.

    Raises:
        SecretFormatError: flyctl cannot carry a name or a value; the error names all of them.
    """
    bad = [problem for name, value in sorted(values.items()) if (problem := secret_problem(name, value))]
    if bad:
        raise SecretFormatError("writing the secrets in flyctl's format", "; ".join(bad))
    return "".join(f"{_assignment(name, values[name])}\n" for name in sorted(values)).encode()


def _assignment(name: str, value: str) -> str:
    single = "\n" not in value and ("#" not in value or _odd_quotes_before_hash(value))
    quote = "'" if single else _BLOCK
    # flyctl drops one CR before each LF: the second one arrives.
    return f"{name}={quote}{value}{quote}".replace("\r\n", "\r\r\n")


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
    if any(line.endswith(_BLOCK) for line in lines):
        return f"the value has several lines, one of which ends with {_BLOCK}"
    if "#" in lines[0] and _odd_quotes_before_hash(lines[0]):
        return 'the value has several lines, and the first has a # after an odd number of "'
    return None


def _odd_quotes_before_hash(line: str) -> bool:
    return line.partition("#")[0].count('"') % 2 == 1
