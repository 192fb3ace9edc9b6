"""Read the stack's configuration into `Settings`, or report every problem at once."""

import difflib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pulumi
import pulumi.runtime.config
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from infra.config.across_stacks import disagreements, preview_api_url
from infra.config.rules import RULES
from infra.config.settings import Settings
from infra.config.stack_files import StackFileError, StackFiles, read_stack_files

# An excluded field is a fact of the run, not a configuration key.
_KEYS = {str(field.alias): field for field in Settings.model_fields.values() if not field.exclude}
_EXAMPLES = {key: field.examples[0] for key, field in _KEYS.items() if field.examples}
_GROUP = "extraSecrets"
SECRET_KEYS = frozenset(key for key, field in _KEYS.items() if "SecretStr" in str(field.annotation))
"""Keys whose values must be encrypted: `pulumi config set --secret`."""

_PLAIN_WORDS = {
    "missing": " is missing",
    "literal_error": " must be one of {expected}",
    "string_pattern_mismatch": " must match {pattern}",
    "value_error": ": {error}",
    "frozen_set_type": " must be a list",
    "too_short": " has fewer than {min_length} characters",
    "too_long": " has more than {max_length} items",
}


class ConfigurationError(pulumi.RunError):
    """The configuration is wrong; the message lists every problem, with no secret value."""


def load_settings() -> Settings:
    """Read the current stack's configuration.

    Raises:
        ConfigurationError: It has unknown keys, wrong values or contradictions.
    """
    project, stack = pulumi.get_project(), pulumi.get_stack()
    try:
        files = read_stack_files()
    except StackFileError as error:
        raise ConfigurationError(f"{error}. Every stack reads all files; nothing was touched.") from None
    prefix = f"{project}:"
    # The SDK has no public way to list keys, and only a list shows a misspelt key.
    raw = {k.removeprefix(prefix): v for k, v in pulumi.runtime.config.CONFIG.get().items() if k.startswith(prefix)}
    plain = {key for key in raw if not pulumi.runtime.config.is_config_secret(f"{prefix}{key}")}
    settings, problems = examine(stack, raw, plain, files)
    if problems:
        count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise ConfigurationError(f"The configuration of stack {stack} has {count}; nothing was touched.\n{lines}")
    return settings


def examine(stack: str, values: Mapping[str, Any], plain: set[str], files: StackFiles) -> tuple[Settings, list[str]]:
    """Check a stack's configuration.

    Args:
        stack: The stack's name.
        values: Configured values by key, without the project's namespace.
        plain: The keys whose values are not encrypted.
        files: The stack files, for facts that must agree between stacks.

    Returns:
        The settings and every problem. A problem begins with its file and never shows a value that may be secret.
        With a problem, some settings are defaults or examples rather than the configured values.
    """
    known = {key: _parse(value) for key, value in values.items() if key in _KEYS}
    known |= {"stack": stack, "previewApiUrl": preview_api_url(known.get("previewStack"), files)}
    settings, invalid = _validated(known)
    bad = {_key_of(problem) for problem in invalid}
    unknown = {_unknown(key, _KEYS): key for key in sorted(values.keys() - _KEYS.keys())}
    problems = [
        *unknown,
        *_exposed(stack, values, plain, files),
        *invalid,
        *(problem for keys, check in RULES if not keys & bad for problem in check(settings)),
        *disagreements(settings, files),
    ]
    # An unknown key may have a dot in it, where a path was meant.
    return settings, [f"{files.file_of(stack, unknown.get(line) or _key_of(line))}: {line}" for line in problems]


def _key_of(problem: str) -> str:
    """Return the key that a problem is about: its sentence begins with the key, or with a path below it."""
    return re.split("[ .:]", problem, maxsplit=1)[0]


def _parse(value: Any) -> Any:
    """Return a configured value as data: Pulumi gives objects and lists to the program as JSON texts."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        with suppress(ValueError):
            return json.loads(value)
    return value


def _exposed(stack: str, values: Mapping[str, Any], plain: set[str], files: StackFiles) -> Iterator[str]:
    names = SECRET_KEYS & plain & values.keys() - {_GROUP}
    # One encrypted member makes the whole group a secret to Pulumi. The file shows which members are encrypted.
    group = _parse(values.get(_GROUP)) if _GROUP in plain else files.effective(stack).get(_GROUP)
    if isinstance(group, dict) and group.keys() != {"secure"}:
        bare = (name for name, value in group.items() if not (isinstance(value, dict) and "secure" in value))
        names |= {f"{_GROUP}.{name}" for name in bare}
    for name in sorted(names):
        path = "--path " if "." in name else ""
        yield f"{name} is not encrypted: `pulumi config set --secret {path}{name} -s {stack}`"


def _validated(values: dict[str, Any]) -> tuple[Settings, list[str]]:
    """Return the settings and the problems of single values.

    An example or the default replaces each bad value, so that the rules about the good ones still run, and one run
    reports every problem.
    """
    try:
        return Settings.model_validate(values), []
    except ValidationError as error:
        problems = [_in_plain_words(detail) for detail in error.errors(include_url=False, include_input=False)]
    good = values.keys() - {_key_of(problem) for problem in problems}
    return Settings.model_validate(_EXAMPLES | {key: values[key] for key in good}), problems


def _unknown(path: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(path.rpartition(".")[2], known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{path} is not a configuration key{hint}"


def _in_plain_words(detail: ErrorDetails) -> str:
    """Turn an error of pydantic's into a sentence that begins with the key and never shows the value."""
    where = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        group: Any = _KEYS[_key_of(where)].annotation
        return _unknown(where, [field.alias for field in group.model_fields.values()])
    if detail["type"] in _PLAIN_WORDS:
        return where + _PLAIN_WORDS[detail["type"]].format_map(detail.get("ctx", {}))
    return f"{where}: {detail['msg'][0].lower()}{detail['msg'][1:]}"
