"""Compare the program's registrations, in every variant, with the pinned SDKs' types and the stand-ins' tables.

A real provider drops a key that it does not know without a word, and refuses the rest only at `up`.
"""

from __future__ import annotations

import copy
import inspect
import re
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.providers import schema
from tests.contract import sdks
from tests.contract.registrations import VARIANTS, run, written
from tests.contract.test_stand_ins import RESOURCES
from tests.unit import program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.unit.program import Registered

# The program's own components and the engine's stack; the dynamic resources' contract is flyctl's.
OURS = ("relay:", "pulumi:pulumi:Stack", "pulumi-python:dynamic/fly:")
TABLES = {resource.type_name: resource for resource in RESOURCES}

# Inputs that a provider keeps when they are empty, so that no plan shows them as a change.
EMPTY_STAYS = (
    # Cloudflare's API returns these as empty texts (terraform-provider-cloudflare, pull request 6629).
    r"cloudflare:index/pagesProject:PagesProject\.buildConfig\.(buildCommand|destinationDir|rootDir)",
    # Our own provider.
    r"pulumi-python:dynamic/fly:Secrets\.(keep|slots)",
)


def against_the_sdk(registered: Registered) -> Iterator[str]:
    """Yield the problems of a registration by the pinned SDK's types."""
    if registered.type.startswith(OURS):
        return
    found = sdks.resource_class(registered.type)
    if found is None:
        yield f"{registered.name}: no pinned SDK has a type {registered.type}"
        return
    yield from sdks.problems(sdks.arguments_class(found), registered.inputs, registered.name)
    named = [*registered.options.ignoreChanges, *registered.options.additionalSecretOutputs]
    for path in named:
        if re.split(r"[.\[]", path)[0] not in sdks.properties(found):
            yield f"{registered.name}: an option names {path}, which {registered.type} has not"
    for name in sdks.secret_properties(found) & registered.inputs.keys() - registered.secrets:
        yield f"{registered.name}.{name}: not a secret"


def against_the_stand_in(registered: Registered) -> Iterator[str]:
    """Yield the stand-in's refusals of a registration: by its table, its own rules, the import id's segments."""
    if registered.type.startswith((*OURS, "pulumi:providers:")):
        return
    if registered.type not in TABLES:
        yield f"{registered.name}: there is no stand-in for {registered.type}"
        return
    table = TABLES[registered.type]
    # A number is a float on the wire; the stand-ins read a whole one as what it is.
    inputs = _whole(registered.inputs)
    wrong = [*schema.problems(table.program, inputs), *table.check(schema.fill(table.program, inputs))]
    yield from (f"{registered.name}.{path}: {reason}" for path, reason in wrong)
    if table.one_of and sum(name in inputs for name in table.one_of) != 1:
        yield f"{registered.name}: exactly one of {', '.join(table.one_of)}"
    if registered.options.importId:
        try:
            table.locate(registered.options.importId)
        except ValueError as error:
            yield f"{registered.name}: {error}"


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


@pytest.mark.parametrize("check", [against_the_sdk, against_the_stand_in])
def test_registrations_are_valid(check: Callable[[Registered], Iterator[str]]) -> None:
    registered = [(variant, one) for variant in VARIANTS for one in run(variant).resources]
    assert len(registered) > 4 * len(VARIANTS)
    assert [(variant, problem) for variant, one in registered for problem in check(one)] == []


def _empties(value: Any, where: str) -> Iterator[str]:
    """Yield the path of each empty list, map or text, and of each null."""
    if value in (None, "", [], {}):
        yield where
    elif isinstance(value, dict | list):
        for step, item in sdks.items_of(value):
            yield from _empties(item, f"{where}{step}")


def test_no_input_is_empty_where_a_provider_keeps_null() -> None:
    """The program leaves an empty input out: it would be a change in every plan."""
    registered = [resource for variant in VARIANTS for resource in run(variant).resources]
    empty = {
        path
        for one in registered
        if not one.type.startswith(("relay:", "pulumi:"))
        for name in one.inputs
        for path in _empties(one.inputs[name], f"{one.type}.{name}")
    }
    assert {path for path in empty if not any(re.fullmatch(kept, path) for kept in EMPTY_STAYS)} == set()


def test_what_is_asked_for_is_the_sdks() -> None:
    calls = [call for variant in VARIANTS for call in run(variant).calls]
    for token, arguments in calls:
        if not token.startswith("pulumi:pulumi:readStack"):
            package, _, rest = token.partition(":")
            source = inspect.getsource(getattr(sdks.sdk(package), schema.snake(rest.rpartition(":")[2])))
            assert f"'{token}'" in source
            assert set(arguments) <= set(re.findall(r"__args__\['(\w+)'\]", source))


def test_the_variants_register_everything_that_the_program_can() -> None:
    """Some variant has each resource in the program's source, with each key that the source gives it."""
    types: dict[str, set[str]] = {}
    tokens = set()
    for variant in VARIANTS:
        for registered in run(variant).resources:
            types.setdefault(registered.type, set()).update(registered.inputs)
        tokens |= {token for token, _ in run(variant).calls}
    functions = {schema.snake(token.rpartition(":")[2]) for token in tokens}
    resources = 0
    for package, name, keywords in written():
        called = getattr(sdks.sdk(package), name)
        if name.endswith("Args"):
            continue
        if inspect.isfunction(called):
            assert name.removesuffix("_output") in functions
            continue
        token = getattr(called, "pulumi_type", f"pulumi:providers:{package}")
        assert types.get(token, set()) >= {_wire(called, word) for word in keywords - {"opts"}}, token
        resources += 1
    assert resources >= len(TABLES)


def _wire(cls: type[Any], keyword: str) -> str:
    (wire,) = [name for name in sdks.arguments(sdks.arguments_class(cls)) if schema.snake(name) == keyword]
    return wire


def test_what_the_mocks_answer_is_what_the_real_ones_can() -> None:
    answers = {token: set(found) for token, found in program.ANSWERS.items() if not token.startswith(OURS)}
    assert len(answers) == 7
    for token, names in answers.items():
        found = sdks.resource_class(token)
        assert found is not None
        assert names <= sdks.properties(found), token


def _set(name: str, value: Any) -> Callable[[Registered], object]:
    return lambda registered: registered.inputs.__setitem__(name, value)


BROKEN: dict[str, tuple[str, Callable[[Registered], object], str]] = {
    "a type that is not there": (
        "neon-project",
        lambda registered: setattr(registered, "type", "neon:index/projekt:Projekt"),
        "no pinned SDK has a type",
    ),
    "a package without an SDK": (
        "neon-project",
        lambda registered: setattr(registered, "type", "aws:index/project:Project"),
        "no pinned SDK has a type",
    ),
    "a key that is not there": ("neon-project", _set("region_id", "aws-us-east-1"), "takes no such key"),
    "a nested key that is not there": (
        "bucket-cors",
        lambda registered: registered.inputs["rules"][0]["allowed"].update(method=["GET"]),
        "bucket-cors.rules[0].allowed.method: R2BucketCorsRuleAllowedArgs takes no such key",
    ),
    "a missing key": ("bucket", lambda registered: registered.inputs.pop("accountId"), "bucket.accountId: required"),
    "a missing nested key": (
        "pages-project",
        lambda registered: registered.inputs["deploymentConfigs"]["preview"]["envVars"]["PUBLIC_API_URL"].pop("type"),
        "pages-project.deploymentConfigs.preview.envVars.PUBLIC_API_URL.type: required",
    ),
    "another kind": ("neon-project", _set("storePassword", value=True), "bool instead of string"),
    "half a number": ("github-environment", _set("waitTimer", 0.5), "float instead of integer"),
    "a plain secret": (
        "secret-FLY_API_TOKEN",
        lambda registered: registered.secrets.clear(),
        "secret-FLY_API_TOKEN.value: not a secret",
    ),
    "an option about nothing": (
        "pages-project",
        lambda registered: registered.options.ignoreChanges.append("deployment_configs.preview"),
        "an option names deployment_configs.preview",
    ),
    "a value out of an enum": (
        "pages-project",
        lambda registered: registered.inputs["source"].update(type="bitbucket"),
        "expected one of 'github', 'gitlab'",
    ),
    "a name that GitHub refuses": ("variable-FLY_APP", _set("variableName", "GITHUB_APP"), "not starting with GITHUB_"),
    "two of which one is wanted": ("deployment-policy", _set("branchPattern", "main"), "exactly one of"),
    "an import id of two segments": (
        "bucket",
        lambda registered: setattr(registered.options, "importId", "account/bucket"),
        "invalid ID",
    ),
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_registration_is_found(what: str) -> None:
    name, breaks, said = BROKEN[what]
    registered = copy.deepcopy(run("production, delivered").one(name))
    assert [*against_the_sdk(registered), *against_the_stand_in(registered)] == []
    breaks(registered)
    assert any(said in problem for problem in [*against_the_sdk(registered), *against_the_stand_in(registered)])
