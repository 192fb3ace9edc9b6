"""Read standard input as `flyctl secrets import` does.

Every silent loss is kept, because whoever writes this format has to survive it: a `#` cuts a value, outer quotes
vanish, an unclosed block or an overlong line swallows everything after it, without an error.

Seen: all of it, by running flyctl 0.4.87.
"""

from collections.abc import Iterator

_LINE_LIMIT = 65_536  # bytes, without the LF; Go's line scanner gives up here
_BLOCK = '"""'
# White space as Go defines it. Python adds the control characters 1C to 1F.
_WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
_UNDECODABLE = dict.fromkeys(range(0xDC80, 0xDD00), "\ufffd")


class InvalidLineError(ValueError):
    """A line without `=`. Its text, perhaps a secret, is the first argument, as flyctl echoes it."""


class ParserPanicError(Exception):
    """flyctl panics: the value is a single quote character."""


def parse(data: bytes) -> dict[str, str]:
    """Return what flyctl makes of its standard input, as name → value.

    Raises:
        InvalidLineError: A line outside a block has no `=`.
        ParserPanicError: A value is one lone quote character.
    """
    secrets: dict[str, str] = {}
    name = ""
    block: list[str] | None = None
    for line in _lines(data):
        if block is not None:
            closes = line.endswith(_BLOCK)
            block.append(line[: -len(_BLOCK)] if closes else line)
            if closes:
                secrets[name] = "\n".join(block)
                block = None
        elif not line.startswith("#") and line.strip(_WHITE_SPACE):
            before, separator, after = line.partition("=")
            if not separator:
                raise InvalidLineError(line)
            name, value = before.strip(_WHITE_SPACE), _without_comment(after.lstrip(" "))
            closed = len(value) >= 2 * len(_BLOCK) and value.endswith(_BLOCK)
            if value.startswith(_BLOCK) and not closed:
                block = [value[len(_BLOCK) :]]
            else:
                secrets[name] = _unquoted(value)
    return secrets


def _lines(data: bytes) -> Iterator[str]:
    lines = data.split(b"\n")
    if not lines[-1]:
        lines.pop()
    for line in lines:
        if len(line) >= _LINE_LIMIT:
            return
        # One replacement character per undecodable byte, as Go writes JSON.
        yield line.removesuffix(b"\r").decode("utf-8", "surrogateescape").translate(_UNDECODABLE)


def _without_comment(value: str) -> str:
    before, hash_sign, _ = value.partition("#")
    return before.rstrip(" ") if hash_sign and before.count('"') % 2 == 0 else value


def _unquoted(value: str) -> str:
    if value.startswith(_BLOCK):
        return value[len(_BLOCK) : -len(_BLOCK)]
    if value in {'"', "'"}:
        raise ParserPanicError
    return value[1:-1] if value[:1] in {'"', "'"} and value.endswith(value[0]) else value
