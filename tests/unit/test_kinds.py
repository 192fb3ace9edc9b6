"""The table of kinds, against what the program registers and how it imports."""

from __future__ import annotations

from infra.checks.credentials import CREDENTIALS
from infra.config.groups import Adopt
from infra.kinds import KINDS
from tests.contract.registrations import VARIANTS, run


def test_the_table_holds_every_type_that_the_program_registers_and_no_other() -> None:
    types = {resource.type for variant in VARIANTS for resource in run(variant).resources}
    assert {type_ for type_ in types if not type_.startswith(("relay:", "pulumi:pulumi:"))} == KINDS.keys()


def test_what_the_program_imports_is_imported_by_the_kinds_id() -> None:
    imported = [one for variant in VARIANTS for one in run(variant).resources if one.options.importId]
    assert imported
    for resource in imported:
        kind, given = KINDS[resource.type], resource.options.importId
        identity = given.rpartition(kind.separator)[2] if "id" in kind.identity else ""
        assert kind.import_id(resource.inputs, identity) == given
        assert kind.adopt


def test_kinds_name_services_and_keys_that_there_are() -> None:
    keys = {field.alias for field in Adopt.model_fields.values()}
    for kind in KINDS.values():
        assert kind.service in {"", *CREDENTIALS}
        assert set(kind.adopt) <= keys
