"""Reads the stack's configuration into `Settings`, or says everything that is wrong with it at once."""

import difflib
import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

import pulumi
import pulumi.runtime.config
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from infra.neighbours import disagreements, preview_api_url, unconfirmed
from infra.rules import RULES
from infra.settings import Adopt, PagesBuild, Retire, Rotate, Settings
from infra.stackfiles import StackFileError, StackFiles, read_stack_files

# Facts that are not configuration keys, though they are fields.
_NOT_KEYS = {"stack", "previewApiUrl"}
_KEYS = {str(field.alias): name for name, field in Settings.model_fields.items() if field.alias not in _NOT_KEYS}
_EXAMPLES = {str(field.alias): field.examples[0] for field in Settings.model_fields.values() if field.examples}
_GROUP = "extraSecrets"
SECRET_KEYS = frozenset(
    {"storageAccessKeyId", "storageSecretAccessKey", "logfireToken", "flyDeployToken", "neonRestoreKey", _GROUP}
)
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


def load(files: StackFiles | None = None) -> Settings:
    """Read the current stack's configuration.

    Args:
        files: The stack files, for what must agree between stacks. Default: those beside the program.

    Returns:
        The settings of the current stack.

    Raises:
        ConfigurationError: Something is wrong with it: unknown keys, wrong values, contradictions.
    """
    project, stack = pulumi.get_project(), pulumi.get_stack()
    try:
        files = files or read_stack_files(project)
    except StackFileError as error:
        raise ConfigurationError(f"{error}. Every stack reads all files; nothing was touched.") from None
    prefix = f"{project}:"
    # The SDK has no public way to list keys, and a typo shows only as a key nobody asked for.
    raw = {k.removeprefix(prefix): v for k, v in pulumi.runtime.config.CONFIG.get().items() if k.startswith(prefix)}
    plain = {key for key in raw if not pulumi.runtime.config.is_config_secret(f"{prefix}{key}")}
    settings, problems = examine(stack, raw, plain, files)
    if problems:
        count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise ConfigurationError(f"The configuration of stack {stack} has {count}; nothing was touched.\n{lines}")
    return settings


def examine(
    stack: str, values: Mapping[str, Any], plain: Iterable[str], files: StackFiles
) -> tuple[Settings, list[str]]:
    """Check a stack's configuration.

    Args:
        stack: The stack's name.
        values: What is configured, by key, without the project's namespace.
        plain: The keys whose values are not encrypted.
        files: The stack files, for what must agree between stacks.

    Returns:
        The settings, and everything that is wrong; only without problems are the settings the configured ones.
    """
    problems = _Problems(stack, files)
    problems.unknown(values)
    problems.exposed(values, set(plain))
    known: dict[str, Any] = {key: _parse(value) for key, value in values.items() if key in _KEYS}
    known |= {"stack": stack, "previewApiUrl": preview_api_url(known.get("previewStack"), files)}
    settings = problems.validated(known)
    for key, text in (*disagreements(stack, known.get("previewStack"), files), *unconfirmed(stack, settings, files)):
        problems.add(key, text)
    return settings, problems.found


def _parse(value: Any) -> Any:
    """Return what a configured value stands for: Pulumi hands objects and lists to the program as JSON texts."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        with suppress(ValueError):
            return json.loads(value)
    return value


class _Problems:
    """Collects what is wrong, each with its key and its file, never with a value that may be secret."""

    def __init__(self, stack: str, files: StackFiles) -> None:
        self._stack = stack
        self._files = files
        self.found: list[str] = []

    def add(self, key: str, text: str) -> None:
        self.found.append(f"{self._files.file_of(self._stack, key)}: {text}")

    def unknown(self, raw: Mapping[str, Any]) -> None:
        for key in sorted(raw.keys() - _KEYS.keys()):
            self.add(key, f"{key} is not a configuration key{_did_you_mean(key, _KEYS)}")

    def exposed(self, values: Mapping[str, Any], plain: set[str]) -> None:
        names = SECRET_KEYS & plain & values.keys() - {_GROUP}
        # One of the group makes all of it a secret to Pulumi: which of them are encrypted is seen in the file.
        group = _parse(values.get(_GROUP)) if _GROUP in plain else self._files.effective(self._stack).get(_GROUP)
        if isinstance(group, dict) and group.keys() != {"secure"}:
            bare = (name for name, value in group.items() if not (isinstance(value, dict) and "secure" in value))
            names |= {f"{_GROUP}.{name}" for name in bare}
        for name in sorted(names):
            path = "--path " if "." in name else ""
            text = f"{name} is not encrypted: `pulumi config set --secret {path}{name} -s {self._stack}`"
            self.add(name.partition(".")[0], text)

    def validated(self, values: dict[str, Any]) -> Settings:
        bad: set[str] = set()
        try:
            settings = Settings.model_validate(values, by_alias=True, by_name=False)
        except ValidationError as error:
            for detail in error.errors(include_url=False, include_input=False):
                bad.add(str(detail["loc"][0]))
                self.add(str(detail["loc"][0]), _in_plain_words(detail))
            # With an example in the place of what is bad, the rules that read only good keys are still checked:
            # one run reports everything.
            good = {key: value for key, value in values.items() if key not in bad}
            settings = Settings.model_validate(_EXAMPLES | good, by_alias=True, by_name=False)
        for keys, check in RULES:
            if not keys & bad:
                for text in check(settings):
                    self.add(text.split()[0].split(".")[0].rstrip(":"), text)
        return settings


def _did_you_mean(key: str, known: Any) -> str:
    close = difflib.get_close_matches(key, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _in_plain_words(detail: ErrorDetails) -> str:
    """Turn one of pydantic's errors into a sentence that names the key; it never shows the value."""
    where = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    context = detail.get("ctx", {})
    if detail["type"] == "extra_forbidden":
        models: dict[str, Any] = {"adopt": Adopt, "pagesBuild": PagesBuild, "rotate": Rotate, "retire": Retire}
        model = models.get(str(detail["loc"][0]), Settings)
        known = [field.alias for field in model.model_fields.values()]
        return f"{where} is not a configuration key{_did_you_mean(str(detail['loc'][-1]), known)}"
    if detail["type"] in _PLAIN_WORDS:
        text = _PLAIN_WORDS[detail["type"]].format_map(context)
    else:
        text = f": {detail['msg'][0].lower()}{detail['msg'][1:]}"
    return f"{where}{text}"
