"""Compare a resource's old and new inputs in a step of `pulumi preview --json`, with every secret masked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.redact import is_sensitive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SECRET = "[secret]"  # noqa: S105 -- the engine's own mask
UNKNOWN = "(known after up)"
# The engine's mark for a value that only an `up` can know (`plugin.UnknownStringValue`).
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"


@dataclass(frozen=True)
class Property:
    """A property that a change touches.

    Attributes:
        path: Its path, as Pulumi writes it: `rules[0].allowed.origins`.
        old: Its old value as text, or None.
        new: Its new value as text, or None.
        replaces: Whether it forces the resource's replacement.
    """

    path: str
    old: str | None
    new: str | None
    replaces: bool = False


def changed(step: dict[str, Any], kind: str, clean: Callable[[str], str]) -> Iterator[Property]:
    """Yield the inputs that a step changes; for a new resource, all of its inputs.

    Outputs stay out: a provider may leave a secret output unmarked, as `RandomBytes` does with its id.

    Args:
        step: A step of the preview's document.
        kind: The resource's type token.
        clean: The function that redacts a text.
    """
    old, new = ((step.get(state) or {}).get("inputs") or {} for state in ("oldState", "newState"))
    detailed: dict[str, Any] = step.get("detailedDiff") or {}
    if step["op"] == "delete":
        return
    reasons = set(step.get("replaceReasons") or [])
    for path in sorted(detailed) or _different("", old, new):
        keys = _split(path)
        if str(keys[0]).startswith("__"):  # Pulumi's own property, such as a dynamic provider's code
            continue
        before, after = (_text(_lookup(tree, keys), keys, kind, clean) for tree in (old, new))
        replaces = keys[0] in reasons or str(detailed.get(path, {}).get("kind", "")).endswith("-replace")
        yield Property(clean(path), before, after, replaces)


def only_computed(step: dict[str, Any]) -> bool:
    """Tell whether a step's difference is in outputs alone, such as the latest deployment of a Pages project."""
    inputs = {key for state in ("oldState", "newState") for key in (step.get(state) or {}).get("inputs") or {}}
    detailed = step.get("detailedDiff") or {}
    return step["op"] == "update" and bool(detailed) and not inputs & {str(_split(path)[0]) for path in detailed}


def _different(path: str, old: Any, new: Any) -> Iterator[str]:
    """Yield the paths at which two trees differ, down to the last level where both are mappings."""
    if isinstance(new, dict) and (isinstance(old, dict) or not path):
        for key in sorted({*new, *(old or {})}):
            plain = re.fullmatch(r"[\w$-]+", key)
            inner = f"{path}.{key}".lstrip(".") if plain else f"{path}[{json.dumps(key)}]"
            yield from _different(inner, (old or {}).get(key), new.get(key))
    elif old != new:
        yield path


def _split(path: str) -> Sequence[str | int]:
    """Return the keys in a path such as `a.b[0]["c.d"]`."""
    found = re.finditer(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.\[\]]+)', path)
    return [int(m[1]) if m[1] else json.loads(f'"{m[2]}"') if m[2] is not None else m[3] for m in found] or [path]


def _lookup(tree: Any, keys: Sequence[str | int]) -> Any:
    for key in keys:
        try:
            tree = tree[key]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _text(value: Any, keys: Sequence[str | int], kind: str, clean: Callable[[str], str]) -> str | None:
    """Return a value as text. Mask it if a name on its path is sensitive."""
    if value is None:
        return None
    name = next((key for key in reversed(keys) if isinstance(key, str)), "")
    masked = _mask(value, hidden=is_sensitive(name) or (kind.endswith("Secret") and "value" in name.lower()))
    text = masked if isinstance(masked, str) else json.dumps(masked, ensure_ascii=False)
    return clean(text.replace(_UNKNOWN, UNKNOWN))


def _mask(value: Any, *, hidden: bool) -> Any:
    if isinstance(value, dict):
        return {key: _mask(item, hidden=hidden or is_sensitive(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask(item, hidden=hidden) for item in value]
    return SECRET if hidden and value != _UNKNOWN and not isinstance(value, bool) else value
