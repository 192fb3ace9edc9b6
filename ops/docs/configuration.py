"""Render docs/configuration.md, the reference of every setting, from `infra.config.settings`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.config import groups
from infra.config.across_stacks import SHARED
from infra.config.reading import SECRET_KEYS
from infra.config.settings import Settings
from infra.config.stack_files import load
from ops.stacks import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pydantic import BaseModel

SECTIONS = {
    "tier": "What the stack is",
    "flyOrganization": "Accounts",
    "neonProject": "Database",
    "flyApp": "Backend",
    "bucket": "Storage",
    "pagesProject": "Frontend",
    "mainBranch": "Delivery",
}
"""Headings, by the key that each stands above; the fields of the model give the order."""

EXAMPLES: dict[str, Any] = {
    "adopt.bucket": "relay-audio",
    "adopt.extraBuckets": ["relay-covers"],
    "adopt.flyApp": "relay-api",
    "adopt.githubDeploymentPolicy": 1234567,
    "adopt.githubEnvironment": "production",
    "adopt.githubVariables": ["FLY_APP"],
    "adopt.keep": ["DATABASE_URL"],
    "adopt.neonProject": "quiet-meadow-13572468",
    "adopt.pagesProject": "relay",
    "apiUrl": "https://api.example.com",
    "corsOrigins": ["https://www.example.com", "https://*.example.com"],
    "extraBuckets": {"relay-covers": {"public": True}},
    "flyApp": "relay-api-staging",
    "frontendUrl": "https://relay.example.com",
    "githubEnvironment": "live",
    "neonOrganizationId": "org-calm-river-12345678",
    "pagesVariables": {"PUBLIC_ANALYTICS": "off"},
    "pagesPreviewVariables": {"PUBLIC_API_URL": "https://api.example.com"},
    "githubVariables": {"SENTRY_PROJECT": "relay"},
    "pagesBuild.compatibilityDate": "2026-09-01",
    "pagesBuild.compatibilityFlags": ["nodejs_compat"],
    "previewStack": "staging",
    "retire.confirmed": {"staging": 1},
    "approval.teams": [4711],
    "approval.users": [583231],
    "neonCompute.suspendSeconds": 300,
    "productionStacks": ["production", "production-eu"],
    "secretAliases": {"POSTGRES_URL": "DATABASE_URL"},
    "storageFrom": "production",
}
"""Example values of keys that have neither a default nor an example in the model."""

_HEAD = """\
# Configuration

Written by `bin/docs` from `infra/config/settings.py`: edit that, not this file. `make doctor` checks a stack's values
against it, and so does every `preview` and `up` before anything is touched.

`Pulumi.yaml` holds the values that every environment shares, as the `default` of a key under `config`; edit it there.
`Pulumi.<stack>.yaml` holds the others, and may override a value of `Pulumi.yaml`. Edit it by hand, or with

```sh
pulumi config set neonPlan launch -s staging                       # a text, a number, true or false
pulumi config set --path 'approval.users[0]' 583231 -s staging     # one item of a list
pulumi config set --path pagesBuild.command 'npm run build' -s production   # one key of a group
pulumi config set --secret logfireToken -s staging                 # a secret: asked for, and stored encrypted
pulumi config set --secret --path extraSecrets.STRIPE_KEY -s staging     # one of your own
pulumi config rm neonPlan -s staging                               # back to the default
```

A list has no order. Pulumi stops before any change if a **secret** is not encrypted. Examples are JSON; a text stands
without its quotes.
"""


class Setting(NamedTuple):
    """A configuration key.

    Attributes:
        key: Its name in a stack file; `group.key` within a group.
        about: Its description.
        schema: Its JSON schema.
        required: Every stack must set it.
    """

    key: str
    about: str
    schema: dict[str, Any]
    required: bool


def settings() -> Iterator[Setting]:
    """Yield every configuration key, with those of a group after the key of the group."""
    whole = Settings.model_json_schema()
    hidden = {str(field.alias) for field in Settings.model_fields.values() if field.exclude}
    about = _about(Settings)
    for key, schema in whole["properties"].items():
        if key in hidden:
            continue
        yield Setting(key, about[key], schema, key in whole["required"])
        of_names = schema.get("additionalProperties", {})
        for group, path in ((_group(schema), key), (_group(of_names), f"{key}.NAME")):
            members = _about(getattr(groups, group)) if group else {}
            for name, about_member in members.items():
                member = whole["$defs"][group]["properties"][name]
                yield Setting(f"{path}.{name}", about_member, member, required=False)


def example(setting: Setting) -> Any:
    """Return an example of the key's value; None for a group, and for a secret, which no file shows in clear."""
    if _is_secret(setting.key) or _group(setting.schema):
        return None
    given: Any = setting.schema.get("examples", [EXAMPLES.get(setting.key)])[0]
    return setting.schema.get("default") if given is None else given


def render() -> str:
    """Return the whole file."""
    shared = {*SHARED, *load(ROOT / "Pulumi.yaml")["config"]}
    lines = [_HEAD]
    for setting in settings():
        if setting.key in SECTIONS:
            columns = ("Key", "Meaning", "Type", "Default", "Example", "File")
            lines += [f"\n## {SECTIONS[setting.key]}\n", _row(columns), _row(["---"] * len(columns))]
        top = setting.key.partition(".")[0]
        lines.append(
            _row(
                (
                    f"`{setting.key}`",
                    re.sub(r" \(see \w+\)", "", setting.about),
                    _type(setting),
                    "required" if setting.required else _default(setting.schema),
                    _value(example(setting)),
                    "`Pulumi.yaml`" if top in shared else "`Pulumi.<stack>.yaml`",
                )
            )
        )
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _about(described: type[BaseModel]) -> dict[str, str]:
    """Return the description of each key of a model, by the key, in one line."""
    return {str(field.alias): " ".join(str(field.description).split()) for field in described.model_fields.values()}


def _group(schema: dict[str, Any]) -> str | None:
    """Return the name of the group's model, or None for a key that is no group."""
    parts = [schema, *schema.get("allOf", ())]
    return next((part["$ref"].rpartition("/")[2] for part in parts if "$ref" in part), None)


def _is_secret(key: str) -> bool:
    return key.partition(".")[0] in SECRET_KEYS


def _type(setting: Setting) -> str:
    schema = setting.schema
    if _group(schema):
        return "group, below"
    schema = next((part for part in schema.get("anyOf", ()) if part["type"] != "null"), schema)
    words = _plain_type(schema)
    if "pattern" in schema:
        words += f" like `{schema['pattern']}`"
    if setting.key.endswith(("Seconds", "Hours")):
        words += ", seconds" if setting.key.endswith("Seconds") else ", hours"
    limits = [f"{sign} {schema[name]}" for name, sign in (("minimum", "≥"), ("maximum", "≤")) if name in schema]
    return ", ".join([words, *limits, *(["**secret**"] if _is_secret(setting.key) else [])])


def _plain_type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if "$ref" in schema:
        return "group, below"
    if schema["type"] == "array":
        return f"list: {_plain_type(schema['items'])}"
    if schema["type"] == "object":
        return f"mapping: name → {_plain_type(schema['additionalProperties'])}"
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}[
        schema["type"]
    ]


def _default(schema: dict[str, Any]) -> str:
    return "–" if _group(schema) else _value(schema.get("default"))


def _value(value: Any) -> str:
    if value is None or value in ([], {}):
        return "–"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
