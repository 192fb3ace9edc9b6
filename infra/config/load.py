"""Read the stack's configuration into `Settings`, or report every problem at once."""

import json
import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pulumi.runtime.config

from infra.config import domain_rules, rules, secret_rules
from infra.config.across_stacks import disagreements, neighbours, with_facts
from infra.config.examples import examples_in_use
from infra.config.reading import (
    KEYS,
    SECRET_GROUPS,
    SECRET_KEYS,
    Read,
    data_of,
    key_of,
    read_files,
    read_values,
    unknown_key,
)
from infra.config.settings import Settings
from infra.config.stack_files import PULL_REQUEST, StackFileError, StackFiles, read_stack_files


class ConfigurationError(pulumi.RunError):
    """Report a wrong configuration. The message lists every problem, and shows no secret."""


def load_settings() -> Settings:
    """Read the current stack's configuration.

    Raises:
        ConfigurationError: The configuration has unknown keys, wrong values or contradictions.
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
    # Example values do no harm in a preview, or in the sandbox, which has no real account.
    if not problems and not pulumi.runtime.is_dry_run() and "RELAY_SANDBOX" not in os.environ:
        problems = [f"{problem}\n      {command}" for problem, command in examples_in_use(settings, files)]
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
        If there is a problem, some settings are defaults or examples instead of the configured values.
    """
    effective = files.effective(stack)
    values = {key: value for key, value in values.items() if key in effective or key not in files.project}
    return _checked(stack, read_values(stack, values), values, plain, files)


def examine_files(stack: str, files: StackFiles) -> tuple[Settings, list[str]]:
    """Check a stack's files without decrypting them: an encrypted value counts as valid. See `examine`."""
    values = files.effective(stack)
    plain = {key for key, value in values.items() if '"secure"' not in json.dumps(value, default=str)}
    return _checked(stack, read_files(stack, files), values, plain, files)


def _checked(
    stack: str, read: Read, values: Mapping[str, Any], plain: set[str], files: StackFiles
) -> tuple[Settings, list[str]]:
    if foreign := list(_other_namespaces(files)):
        return read.settings, foreign
    if not (values.keys() - files.project.keys() or files.stacks.get(stack) or re.fullmatch(PULL_REQUEST, stack)):
        stacks = ", ".join(sorted(files.stacks.keys() - {stack}))
        return read.settings, [
            f"Pulumi.{stack}.yaml: no key is set. If another stack is meant ({stacks}), name it; otherwise copy the "
            "file of another stack, and change it"
        ]
    others = neighbours(stack, files)
    own = read.settings.model_copy(update={"own_keys": frozenset(files.stacks.get(stack, {}))})
    settings = with_facts(own, others)
    unknown = {unknown_key(key, KEYS): key for key in sorted(values.keys() - KEYS.keys())}
    problems = [
        *unknown,
        *_exposed(stack, values, plain, files),
        *read.problems,
        *(
            problem
            for keys_read, check in rules.RULES + secret_rules.RULES + domain_rules.RULES
            if not keys_read & read.unknown
            for problem in check(settings)
        ),
        *disagreements(read._replace(settings=settings), others, files),
    ]
    # `key_of` would cut an unknown key at its dot.
    return settings, [f"{files.file_of(stack, unknown.get(line) or key_of(line))}: {line}" for line in problems]


def _other_namespaces(files: StackFiles) -> Iterator[str]:
    """Yield a problem for each file whose keys have another project's namespace, as after a renaming."""
    for file, keys in files.foreign.items():
        ours = [key for key in keys if key.rpartition(":")[2] in KEYS]
        if ours:
            namespace = ours[0].rpartition(":")[0]
            yield (
                f"{file}: {', '.join(ours)}: the keys begin with {namespace!r}, but Pulumi.yaml names the project "
                f"{files.name!r}. Begin them with `{files.name}:`, or name the project {namespace} again"
            )


def _exposed(stack: str, values: Mapping[str, Any], plain: set[str], files: StackFiles) -> Iterator[str]:
    """Yield a problem for each secret that is not encrypted."""
    names = (SECRET_KEYS - SECRET_GROUPS) & plain & values.keys()
    # One encrypted member makes the whole group a secret to Pulumi. The file shows which members are encrypted.
    groups = {
        key: data_of(values[key]) if key in plain else files.effective(stack).get(key)
        for key in (SECRET_GROUPS | {"apps"}) & values.keys()
    }
    apps = groups.pop("apps", None)
    for app, own in apps.items() if isinstance(apps, dict) else ():
        groups[f"apps.{app}.extraSecrets"] = own.get("extraSecrets") if isinstance(own, dict) else None
    for key, group in groups.items():
        if isinstance(group, dict) and group.keys() != {"secure"}:
            bare = (name for name, value in group.items() if not (isinstance(value, dict) and "secure" in value))
            names |= {f"{key}.{name}" for name in bare}
    for name in sorted(names):
        path = "--path " if "." in name else ""
        yield f"{name} is not encrypted: `pulumi config set --secret {path}{name} -s {stack}`"
