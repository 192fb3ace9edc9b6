"""Compare the stand-ins' tables with `facts.json`, which holds what the SDKs' types leave out.

Its content was compared with the schemas of `pulumi package get-schema` and, for facts that are not in them, with the
sources of Cloudflare's provider for Terraform 5.22.0, GitHub's 6.13.0 and Neon's 0.15.0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.contract.test_stand_ins import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sandbox.providers.resource import Resource
    from sandbox.providers.schema import Field

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("facts.json").read_text(encoding="utf-8"))


def _paths(fields: Mapping[str, Field], where: str = "") -> Iterator[tuple[str, Field]]:
    """Yield every property by its path; `[]` stands for a list's items and `*` for a free key."""
    for name, spec in fields.items():
        yield from _within(spec, f"{where}{name}")


def _within(spec: Field, path: str) -> Iterator[tuple[str, Field]]:
    yield path, spec
    if spec.element is not None:
        yield from _within(spec.element, path + ("[]" if spec.kind == "list" else ".*"))
    yield from _paths(spec.members, f"{path}.")


def facts(resource: Resource) -> dict[str, Any]:
    """Return the facts in a stand-in's table, in the form of the file, which leaves out empty ones."""
    known = dict(_paths(resource.whole.members))
    held: dict[str, Any] = {name: getattr(resource, name) for name in ("import_id", "one_of", "blind", "forgets")}
    held["defaults"] = {path: spec.default for path, spec in known.items() if spec.default is not None}
    held["enums"] = {path: spec.enum for path, spec in known.items() if spec.enum}
    for fact in ("replace", "secret"):
        held[fact] = sorted(path for path, spec in known.items() if getattr(spec, fact))
    return {fact: value for fact, value in json.loads(json.dumps(held)).items() if value}


def test_the_tables_hold_what_the_sources_say() -> None:
    assert {one.type_name: facts(one) for one in RESOURCES if one.type_name in FACTS} == FACTS
