"""What flyctl v0.4.87 makes of the standard input of `secrets import`, written from its description alone."""

from __future__ import annotations

LIMIT = 65_536


def read(stdin: bytes) -> dict[str, str]:
    """Return name → value, with everything that flyctl cuts off or drops."""
    found: dict[str, str] = {}
    lines = []
    for raw in stdin.split(b"\n"):
        if len(raw) >= LIMIT:
            break
        lines.append((raw[:-1] if raw.endswith(b"\r") else raw).decode())
    while lines:
        line = lines.pop(0)
        if line.startswith("#") or not line.strip():
            continue
        position = line.find("=")
        if position < 0:
            raise ValueError("not a pair")
        text = _uncommented(line[position + 1 :].lstrip(" "))
        opens = text.startswith('"""') and not (len(text) >= 6 and text.endswith('"""'))
        value = _block(text[3:], lines) if opens else _unquoted(text)
        if value is not None:
            found[line[:position].strip()] = value
    return found


def _uncommented(value: str) -> str:
    cut = value.find("#")
    return value[:cut].rstrip(" ") if cut >= 0 and value[:cut].count('"') % 2 == 0 else value


def _block(first: str, lines: list[str]) -> str | None:
    """Take lines up to the one that closes the block; without one, all are lost and so is the value."""
    block = [first]
    while lines:
        line = lines.pop(0)
        if line.endswith('"""'):
            return "\n".join([*block, line[:-3]])
        block.append(line)
    return None


def _unquoted(value: str) -> str:
    if value in {'"', "'"}:
        raise ValueError("panic")
    if len(value) >= 6 and value[:3] == value[-3:] == '"""':
        return value[3:-3]
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'" else value
