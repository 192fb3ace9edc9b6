"""Reads what `pulumi preview --json` said: its changes, warnings and errors, with every secret masked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.redact import is_sensitive, redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

SECRET = "[secret]"  # noqa: S105 -- what the engine writes in a secret's place
UNKNOWN = "(known after up)"
# What the engine writes in the place of a value that only an `up` will know (`plugin.UnknownStringValue`).
_UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
# Most serious first; the order in which changes are told.
OPERATIONS = ("replace", "delete", "update", "import", "create")
_NOT_CHANGES = {"same", "refresh", "read", "read-replacement", "create-replacement", "delete-replaced"}
# Plug-ins found on PATH are meant to be there; an S3 server need not send checksums.
_NOISE = re.compile(r"(?m)^(?:(?:warning: )?using pulumi-\S+ from \$PATH|SDK [\d/]+ [\d:]+ WARN).*\n?")
# Made once: `json.dumps` would make one for each of thousands of values.
_as_json = json.JSONEncoder(ensure_ascii=False).encode
# Follows the error that says why: from the CLI, and from the language host that comes with it.
_SAYS_NOTHING = re.compile(
    r"preview failed|(?:an unhandled error occurred: )?program exited with non-zero exit code: \d+", re.IGNORECASE
)


@dataclass(frozen=True)
class Property:
    """One property that a change touches.

    Attributes:
        path: Where it is, as Pulumi writes it: `rules[0].allowed.origins`.
        old: Its value as text; None where it had none.
        new: Its value as text; None where it will have none.
        replaces: Whether it is what forces a replacement.
    """

    path: str
    old: str | None
    new: str | None
    replaces: bool = False


@dataclass(frozen=True)
class Change:
    """What will happen to one resource.

    Attributes:
        operation: One of `OPERATIONS`, or another that Pulumi may name.
        type: Type token.
        name: Logical name.
        protected: Whether the engine refuses to delete it.
        retained: Whether it stays in its cloud when it is deleted here.
        properties: What differs; for what is created, all of its inputs.
    """

    operation: str
    type: str
    name: str
    protected: bool
    retained: bool
    properties: tuple[Property, ...]


@dataclass(frozen=True)
class Preview:
    """A preview of a stack.

    Attributes:
        stack: The stack's name.
        changes: What would happen, most serious first.
        warnings: Warnings, each once.
        errors: Why it failed; empty when it did not.
        complete: Whether `changes` is all of it: false when the preview failed.
    """

    stack: str
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]
    errors: tuple[str, ...]
    complete: bool


def read(stack: str, *, stdout: str, stderr: str, exit_code: int, secrets: Iterable[str] = ()) -> Preview:
    """Make a `Preview` of what the CLI said.

    Args:
        stack: The stack's name.
        stdout: What `pulumi preview --json` wrote: one JSON document, or nothing when it died before that.
        stderr: Shown, redacted, only where there is no document.
        exit_code: The CLI's.
        secrets: Values to take out wherever they stand.
    """
    clean = redactor(secrets)
    try:
        document = json.loads(stdout)
        steps, diagnostics = document.get("steps") or [], document.get("diagnostics") or []
    except (ValueError, AttributeError):
        said = clean(_NOISE.sub("", stderr)).strip()
        return Preview(stack, (), (), (said or f"`pulumi preview` ended with exit code {exit_code}.",), complete=False)
    changes = [_change(step, clean) for step in steps if _is_change(step)]
    # A warning is repeated for each resource it concerns; `info#err` is what the language host prints for itself.
    texts = {
        severity: tuple(
            dict.fromkeys(_text(entry, clean) for entry in diagnostics if entry.get("severity") == severity)
        )
        for severity in ("warning", "error")
    }
    warnings = tuple(text for text in texts["warning"] if not _NOISE.match(text))
    errors = tuple(text for text in texts["error"] if not _SAYS_NOTHING.fullmatch(text)) or texts["error"]
    failed = exit_code != 0 or bool(errors)
    if failed and not errors:
        errors = (clean(_NOISE.sub("", stderr)).strip() or f"`pulumi preview` ended with exit code {exit_code}.",)
    return Preview(stack, tuple(sorted(changes, key=_seriousness)), warnings, errors, complete=not failed)


def _is_change(step: dict[str, Any]) -> bool:
    """Leave out what is no change, and what exists in Pulumi alone: components, providers, the stack."""
    state = step.get("newState") or step.get("oldState") or {}
    kind = str(state.get("type"))
    return step.get("op") not in _NOT_CHANGES and bool(state.get("custom")) and not kind.startswith("pulumi:")


def _seriousness(change: Change) -> tuple[int, str, str]:
    known = change.operation in OPERATIONS
    # What this does not know comes first, so that it is seen.
    return (OPERATIONS.index(change.operation) if known else -1, change.type, change.name)


def _text(diagnostic: dict[str, Any], clean: Callable[[str], str]) -> str:
    message = str(diagnostic.get("message", "")).strip()
    return clean(message.removeprefix("warning: ").removeprefix("error: ")).strip()


def _change(step: dict[str, Any], clean: Callable[[str], str]) -> Change:
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    state = new or old
    kind = str(state["type"])
    return Change(
        operation=str(step["op"]),
        type=kind,
        name=str(state["urn"]).rsplit("::", maxsplit=1)[-1],
        # One `up` may lift the protection and replace what it protected.
        protected=bool(old.get("protect")) and bool(state.get("protect")),
        retained=bool(old.get("retainOnDelete")),
        properties=tuple(_properties(step, old.get("inputs") or {}, new.get("inputs") or {}, kind, clean)),
    )


def _properties(
    step: dict[str, Any], old: dict[str, Any], new: dict[str, Any], kind: str, clean: Callable[[str], str]
) -> Iterator[Property]:
    # Inputs alone: an output may be a secret that a provider did not mark, as RandomBytes' very id is.
    detailed: dict[str, Any] | None = step.get("detailedDiff")
    if step["op"] == "delete":
        return
    paths = sorted(detailed) if detailed else _different("", old, new)
    reasons = set(step.get("replaceReasons") or [])
    for path in paths:
        steps = _split(path)
        if str(steps[0]).startswith("__"):  # Pulumi's own, such as a dynamic provider's code
            continue
        before, after = (_render(_lookup(tree, steps), steps, kind, clean) for tree in (old, new))
        replaces = str(steps[0]) in reasons or str((detailed or {}).get(path, {}).get("kind", "")).endswith("-replace")
        yield Property(clean(path), before, after, replaces)


def _different(path: str, old: Any, new: Any) -> Iterator[str]:
    """Yield the paths at which two trees differ, as deep as both sides are mappings."""
    if isinstance(new, dict) and (isinstance(old, dict) or not path):
        for key in sorted({*new, *(old or {})}):
            plain = re.fullmatch(r"[\w$-]+", key)
            inner = f"{path}.{key}".lstrip(".") if plain else f"{path}[{json.dumps(key)}]"
            yield from _different(inner, (old or {}).get(key), new.get(key))
    elif old != new:
        yield path


def _split(path: str) -> Sequence[str | int]:
    """Return the steps of a path such as `a.b[0]["c.d"]`."""
    found = re.finditer(r'\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]|([^.\[\]]+)', path)
    return [int(m[1]) if m[1] else json.loads(f'"{m[2]}"') if m[2] is not None else m[3] for m in found] or [path]


def _lookup(tree: Any, steps: Sequence[str | int]) -> Any:
    for step in steps:
        try:
            tree = tree[step]
        except (KeyError, IndexError, TypeError):
            return None
    return tree


def _render(value: Any, steps: Sequence[str | int], kind: str, clean: Callable[[str], str]) -> str | None:
    """Return a value as text; secrets masked, also those that stand under a name that says so."""
    if value is None:
        return None
    name = next((step for step in reversed(steps) if isinstance(step, str)), "")
    masked = _mask(value, hidden=is_sensitive(name) or (kind.endswith("Secret") and "value" in name.lower()))
    text = masked if isinstance(masked, str) else _as_json(masked)
    return clean(text.replace(_UNKNOWN, UNKNOWN))


def _mask(value: Any, *, hidden: bool) -> Any:
    if isinstance(value, dict):
        return {key: _mask(item, hidden=hidden or is_sensitive(key)) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask(item, hidden=hidden) for item in value]
    return SECRET if hidden and value != _UNKNOWN and not isinstance(value, bool) else value
