"""The table of kinds, against what the program registers and how it imports."""

from __future__ import annotations

import pytest

from infra.checks.credentials import CREDENTIALS
from infra.config.groups import Adopt
from infra.kinds import KINDS
from tests.contract.registrations import VARIANTS, run


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_type_that_the_program_registers_has_a_kind(variant: str) -> None:
    registered = {resource.type for resource in run(variant).resources}
    assert {one for one in registered if not one.startswith(("relay:", "pulumi:pulumi:"))} <= KINDS.keys()


def test_every_kind_is_registered_in_some_variant() -> None:
    assert {resource.type for variant in VARIANTS for resource in run(variant).resources} >= KINDS.keys()


@pytest.mark.parametrize("variant", VARIANTS)
def test_what_the_program_imports_is_imported_by_the_kinds_id(variant: str) -> None:
    for resource in run(variant).resources:
        if given := resource.options.importId:
            kind = KINDS[resource.type]
            identity = given.rpartition(kind.separator)[2] if "id" in kind.identity else ""
            assert kind.import_id(resource.inputs, identity) == given
            assert kind.adopt


def test_kinds_name_services_and_keys_that_there_are() -> None:
    keys = {field.alias for field in Adopt.model_fields.values()}
    for kind in KINDS.values():
        assert kind.service in {"", *CREDENTIALS}
        assert set(kind.adopt) <= keys
