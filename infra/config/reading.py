"""Turn configured values into `Settings`: the values that Pulumi passes, or a stack's files without decrypting them."""

import difflib
import json
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from infra.config.keys import Keys
from infra.config.settings import Settings
from infra.config.stack_files import StackFiles

KEYS = {str(field.alias): field for field in Keys.model_fields.values()}
"""The fields of the model by their configuration keys."""

SECRET_KEYS = frozenset(key for key, field in KEYS.items() if "SecretStr" in str(field.annotation))
"""Keys whose values must be encrypted: `pulumi config set --secret`."""

SECRET_GROUPS = frozenset(key for key in SECRET_KEYS if "dict" in str(KEYS[key].annotation))
"""Keys of `SECRET_KEYS` that hold a mapping of secrets."""

_EXAMPLES = {key: field.examples[0] for key, field in KEYS.items() if field.examples and field.is_required()}

_STAND_IN = "0" * 32
"""Stands for an encrypted secret: a tool only needs to know that the secret is set."""

_PLAIN_WORDS = {
    "missing": " is missing",
    "literal_error": " must be one of {expected}",
    "string_pattern_mismatch": " must match {pattern}",
    "string_type": " must be text; put a number in quotes",
    "value_error": ": {error}",
    "frozen_set_type": " must be a list",
    "dict_type": " must hold keys and values",
    "model_type": " must hold keys and values",
    "greater_than_equal": " must be at least {ge}",
    "less_than_equal": " must be at most {le}",
    "bool_parsing": " must be true or false",
    "int_parsing": " must be a whole number",
    "float_parsing": " must be a number",
    "too_short": " has too few characters: it needs {min_length}",
    "too_long": " has more than {max_length} items",
}


class Read(NamedTuple):
    """The settings of a stack, as far as its configuration shows them.

    Attributes:
        settings: The settings. An example or the default stands for each value that is invalid or unknown.
        problems: A sentence for each invalid value. It begins with the key and never shows the value.
        unknown: Keys whose value is invalid, or encrypted in the file.
    """

    settings: Settings
    problems: list[str]
    unknown: frozenset[str]


def read_values(stack: str, values: Mapping[str, Any]) -> Read:
    """Read the values that Pulumi gives the program, by key. Rules about valid values can run beside invalid values."""
    known = {key: data for key in KEYS.keys() & values.keys() if (data := _data(values[key])) is not None}
    facts = {"stack": stack}
    try:
        return Read(Settings.model_validate(known | facts), [], frozenset())
    except ValidationError as error:
        problems = [_in_plain_words(detail) for detail in error.errors(include_url=False, include_input=False)]
    bad = frozenset(key_of(problem) for problem in problems)
    good = {key: value for key, value in known.items() if key not in bad}
    settings = Settings.model_validate(_EXAMPLES | good | ({"stack": "stack"} if "stack" in bad else facts))
    return Read(settings, problems, bad)


def read_files(stack: str, files: StackFiles) -> Read:
    """Read a stack's files without decrypting them.

    `_STAND_IN` stands for an encrypted secret. Any other encrypted value is unknown, and does not count as missing.
    """
    values, encrypted = {}, set()
    for key, value in files.effective(stack).items():
        if _is_encrypted(value) and key not in SECRET_KEYS:
            encrypted.add(key)
        else:
            values[key] = {} if _is_encrypted(value) and key in SECRET_GROUPS else _as_text(_readable(value))
    read = read_values(stack, values)
    problems = [problem for problem in read.problems if key_of(problem) not in encrypted]
    return Read(read.settings, problems, read.unknown | encrypted)


def key_of(problem: str) -> str:
    """Return the key of a problem, whose sentence begins with the key or with a path below the key."""
    return re.split("[ .:]", problem, maxsplit=1)[0]


def unknown_key(path: str, known: Iterable[str]) -> str:
    """Return the problem of a key that does not exist, and suggest the closest known name."""
    close = difflib.get_close_matches(path.rpartition(".")[2], known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"{path} is not a configuration key{hint}"


def data_of(value: Any) -> Any:
    """Return a configured value as data: Pulumi gives objects and lists to the program as JSON texts."""
    if isinstance(value, str) and value[:1] in {"{", "["}:
        with suppress(ValueError):
            return json.loads(value)
    return value


def _data(value: Any) -> Any:
    """Return a configured value as data, without the keys that a file leaves empty; None for an empty value.

    The engine passes a key that the file leaves empty as the text `null`.
    """
    value = data_of(value)
    if isinstance(value, dict):
        return {key: item for key, item in value.items() if item is not None}
    return None if value == "null" else value


def _is_encrypted(value: Any) -> bool:
    return isinstance(value, dict) and value.keys() == {"secure"}


def _readable(value: Any) -> Any:
    """Return a file's value with a stand-in for each encrypted part."""
    if isinstance(value, dict):
        return _STAND_IN if _is_encrypted(value) else {key: _readable(item) for key, item in value.items()}
    return value


def _as_text(value: Any) -> Any:
    """Return a file's value as Pulumi gives it to the program: a number or a boolean as text."""
    return value if isinstance(value, dict | list | str) else json.dumps(value, default=str)


def _in_plain_words(detail: ErrorDetails) -> str:
    """Turn a pydantic error into a sentence that begins with the key and never shows the value."""
    where = ".".join(str(part) for part in detail["loc"] if part != "[key]")
    if detail["type"] == "extra_forbidden":
        annotation = KEYS[key_of(where)].annotation
        groups = [model for model in (annotation, *get_args(annotation)) if hasattr(model, "model_fields")]
        return unknown_key(where, [str(field.alias) for group in groups for field in group.model_fields.values()])
    if detail["type"] in _PLAIN_WORDS:
        return where + _PLAIN_WORDS[detail["type"]].format_map(detail.get("ctx", {}))
    return f"{where}: {detail['msg'][0].lower()}{detail['msg'][1:]}"
