"""Render docs/configuration.md, the reference of every setting, from `infra.config.keys`."""

from __future__ import annotations

import ast
import inspect
import json
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.config.across_stacks import SHARED
from infra.config.domains import Domains
from infra.config.groups import Frozen
from infra.config.keys import Keys
from infra.config.reading import SECRET_KEYS
from infra.config.stack_files import load
from ops.stacks import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SECTIONS = {
    "tier": "What the stack is",
    "flyOrganization": "Accounts",
    "neonProject": "Database",
    "flyApp": "Backend",
    "bucket": "Storage",
    "pagesProject": "Frontend",
    "domains": "Domains",
    "mainBranch": "Delivery",
}
"""Headings, by the key that follows them. The model's fields give the order."""

_HEAD = """\
# Configuration

Written by `bin/docs` from `infra/config/keys.py`: edit that, not this file. `make doctor` checks a stack's values
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

A list has no order. Pulumi stops before any change if a **secret** is not encrypted. Keep values that stacks share in
these files: other stacks and the tools do not see a Pulumi ESC environment.
"""


class Setting(NamedTuple):
    """A configuration key.

    Attributes:
        key: Its name in a stack file; `group.key` within a group.
        about: Its description.
        schema: Its JSON schema.
        required: Whether every stack must set it.
    """

    key: str
    about: str
    schema: dict[str, Any]
    required: bool


def settings() -> Iterator[Setting]:
    """Yield every configuration key. The keys of a group follow the group."""
    whole, texts = Keys.model_json_schema(), _descriptions(Keys)
    models: list[type[Frozen]] = [*Frozen.__subclasses__(), Domains]
    groups = {model.__name__: model for model in models}
    for key, schema in whole["properties"].items():
        yield Setting(key, texts[key], schema, key in whole["required"])
        of_names = schema.get("additionalProperties", {})
        for group, path in ((_group(schema), key), (_group(of_names), f"{key}.NAME")):
            if group:
                about = _descriptions(groups[group])
                for name, member in whole["$defs"][group]["properties"].items():
                    yield Setting(f"{path}.{name}", about[name], member, required=False)


def _descriptions(model: type[Frozen]) -> dict[str, str]:
    """Return the docstring below each field of a model, by the field's key.

    pydantic could read them itself, but at every start of the program, where that takes a third of the models' time.
    """
    found: dict[str, str] = {}
    for base in model.__mro__[model.__mro__.index(Frozen) - 1 :: -1]:
        body = ast.parse(inspect.getsource(base)).body[0]
        for field, text in pairwise(ast.iter_child_nodes(body)):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                    found[str(model.model_fields[name].alias)] = " ".join(words.split())
    return found


def render() -> str:
    """Return docs/configuration.md."""
    shared = {*SHARED, *load(ROOT / "Pulumi.yaml")["config"]}
    lines = [_HEAD]
    for setting in settings():
        if setting.key in SECTIONS:
            columns = ("Key", "Meaning", "Type", "Default", "File")
            lines += [f"\n## {SECTIONS[setting.key]}\n", _row(columns), _row(["---"] * len(columns))]
        top, schema = setting.key.partition(".")[0], setting.schema
        default = "–" if _group(schema) else _value(schema.get("default"))
        lines.append(
            _row(
                (
                    f"`{setting.key}`",
                    re.sub(r" \(see \w+\)", "", setting.about),
                    _type(setting),
                    f"required, as {_value(schema['examples'][0])}" if setting.required else default,
                    "`Pulumi.yaml`" if top in shared else "`Pulumi.<stack>.yaml`",
                )
            )
        )
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


def _group(schema: dict[str, Any]) -> str | None:
    """Return the name of a group's model, or None for a plain key."""
    parts = [schema, *schema.get("allOf", ())]
    return next((part["$ref"].rpartition("/")[2] for part in parts if "$ref" in part), None)


def _type(setting: Setting) -> str:
    schema = next((part for part in setting.schema.get("anyOf", ()) if part["type"] != "null"), setting.schema)
    words = _plain_type(schema)
    if "pattern" in schema:
        words += f" like `{schema['pattern']}`"
    if setting.key.endswith(("Seconds", "Hours")):
        words += ", seconds" if setting.key.endswith("Seconds") else ", hours"
    limits = [f"{sign} {schema[name]}" for name, sign in (("minimum", "≥"), ("maximum", "≤")) if name in schema]
    return ", ".join([words, *limits, *(["**secret**"] if setting.key.partition(".")[0] in SECRET_KEYS else [])])


def _plain_type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return " or ".join(f"`{value}`" for value in schema["enum"])
    if _group(schema):
        return "group, below"
    if schema["type"] == "array":
        return f"list: {_plain_type(schema['items'])}"
    if schema["type"] == "object":
        return f"mapping: name → {_plain_type(schema['additionalProperties'])}"
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "`true` or `false`"}[
        schema["type"]
    ]


def _value(value: Any) -> str:
    if value is None or value in ([], {}):
        return "–"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
