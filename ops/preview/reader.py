"""Read the output of `pulumi preview --json` into changes, warnings and errors, with every secret masked."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ops.preview.properties import Property, changed, only_computed
from ops.redact import redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

OPERATIONS = ("replace", "delete", "update", "import", "create")
"""The operations on a resource, most serious first: the order of every report."""
_NOT_CHANGES = {"same", "refresh", "read", "read-replacement", "create-replacement", "delete-replaced"}
# Warnings without a cause: the plug-ins belong on PATH, and an S3 server may leave out checksums.
_NOISE = re.compile(r"(?m)^(?:(?:warning: )?using pulumi-\S+ from \$PATH|SDK [\d/]+ [\d:]+ WARN).*\n?")
# The CLI and its language host add these after the error that gives the reason.
_GENERIC_ERROR = re.compile(
    r"preview failed|(?:an unhandled error occurred: )?program exited with non-zero exit code: \d+", re.IGNORECASE
)


@dataclass(frozen=True)
class Change:
    """A change to one resource.

    Attributes:
        operation: One of `OPERATIONS`, or a newer operation of Pulumi.
        type: Type token.
        name: Logical name.
        protected: Whether the engine refuses to delete the resource.
        retained: Whether the resource stays in its cloud when Pulumi deletes it.
        properties: The inputs that differ; for a new resource, all of its inputs.
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
        changes: The changes an `up` would make, most serious first.
        warnings: Warnings, without repetition.
        errors: The reasons of a failed preview; empty if it succeeded.
        complete: Whether the preview succeeded, so that `changes` is complete.
    """

    stack: str
    changes: tuple[Change, ...]
    warnings: tuple[str, ...]
    errors: tuple[str, ...]
    complete: bool


def read(stack: str, *, stdout: str, stderr: str, exit_code: int, secrets: Iterable[str] = ()) -> Preview:
    """Make a `Preview` from the CLI's output.

    Args:
        stack: The stack's name.
        stdout: A JSON document, or nothing if the CLI ended too early.
        stderr: Used only if the document is missing or names no error; redacted.
        exit_code: The CLI's exit code.
        secrets: Values to redact wherever they stand.
    """
    clean = redactor(secrets)
    reason = clean(_NOISE.sub("", stderr)).strip() or f"`pulumi preview` ended with exit code {exit_code}."
    try:
        document = json.loads(stdout)
        steps, diagnostics = document.get("steps") or [], document.get("diagnostics") or []
    except (ValueError, AttributeError):
        return Preview(stack, (), (), (reason,), complete=False)
    warnings = tuple(text for text in _texts(diagnostics, "warning", clean) if not _NOISE.match(text))
    every = _texts(diagnostics, "error", clean)
    errors = tuple(text for text in every if not _GENERIC_ERROR.fullmatch(text)) or every
    if exit_code != 0 and not errors:
        errors = (reason,)
    changes = sorted((_change(step, clean) for step in steps if _is_change(step)), key=_seriousness)
    return Preview(stack, tuple(changes), warnings, errors, complete=not errors)


def _texts(diagnostics: Iterable[dict[str, Any]], severity: str, clean: Callable[[str], str]) -> tuple[str, ...]:
    """Return the messages of one severity. The engine repeats a warning for each resource it concerns."""
    messages = (str(entry.get("message", "")).strip() for entry in diagnostics if entry.get("severity") == severity)
    return tuple(dict.fromkeys(clean(text.removeprefix(f"{severity}: ")).strip() for text in messages))


def _is_change(step: dict[str, Any]) -> bool:
    """Tell whether a step changes a cloud: components, providers and the stack exist in Pulumi alone."""
    state = step.get("newState") or step.get("oldState") or {}
    in_a_cloud = bool(state.get("custom")) and not str(state.get("type")).startswith("pulumi:")
    return in_a_cloud and step.get("op") not in _NOT_CHANGES and not only_computed(step)


def _seriousness(change: Change) -> tuple[int, str, str]:
    known = change.operation in OPERATIONS
    # An unknown operation comes first.
    return (OPERATIONS.index(change.operation) if known else -1, change.type, change.name)


def _change(step: dict[str, Any], clean: Callable[[str], str]) -> Change:
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    state = new or old
    kind = str(state["type"])
    return Change(
        operation=str(step["op"]),
        type=kind,
        name=str(state["urn"]).rsplit("::", maxsplit=1)[-1],
        # One `up` may lift the protection and replace the resource.
        protected=bool(old.get("protect")) and bool(state.get("protect")),
        retained=bool(old.get("retainOnDelete")),
        properties=tuple(changed(step, kind, clean)),
    )
