"""Change and delete things by hand: drift names each, and the documented command restores it, or says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.world.fly import put_organization
from tests.conftest import FULL
from tests.engine.clouds import up
from tests.engine.sandboxes import Sandbox, copied, held
from tests.faults import out_of_band
from tests.faults.out_of_band import ADOPTED, DELETED, EDITED, MOVED, PASSWORD, ROWS, WHOLE, Case, Spot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sandbox.world.store import Transaction
    from tests.engine.conftest import Once

# The cloud deletes these too: (cloud, kind, beginning of the key), by the resource that is deleted.
_WITHIN = {
    "Fly app": [("fly", "secret", "tune-api/"), ("fly", "token", "")],
    "GitHub environment": [
        ("github", kind, f"{out_of_band.ENVIRONMENT}/") for kind in ("deployment-policy", "secret", "variable")
    ],
}


@pytest.fixture
def managed(once: Once, prepared: dict[bool, Sandbox], tmp_path: Path) -> Iterator[Sandbox]:
    """A copy of a world in which every type that the program registers stands behind a stack."""

    def fill(folder: Path) -> None:
        with held(copied(prepared[True], folder / "world")) as sandbox:
            sandbox.config_set("production", "mintDeployToken", "true")
            sandbox.config_set("production", "extraBuckets", '{"tune-covers": {}}')
            sandbox.config_set("production", "approval", '{"users": [4711]}')
            sandbox.config_set("staging", "githubScope", "repository")
            sandbox.config_set("staging", "manage", '["delivery"]')
            sandbox.config_set("staging", "flyDeployToken", "FlyV1 fm2_given,fm2_here", secret=True)
            for stack in ("production", "staging"):
                sandbox.up(stack)

    made = Sandbox(prepared[True].project, once("managed", fill) / "world")
    with held(copied(made, tmp_path / "world")) as opened:
        yield opened


def _looks(sandbox: Sandbox, cases: Sequence[Case]) -> list[Any]:
    with sandbox.world.transaction() as tx:
        return [case.spot.look(tx) for case in cases]


def _count(sandbox: Sandbox, case: Case) -> int:
    assert isinstance(case.spot, Spot)
    with sandbox.world.transaction() as tx:
        return len(tx.list(case.spot.cloud, case.spot.kind))


def _by_hand(tx: Transaction, case: Case) -> None:
    case.spot.set(tx, case.value)
    if case.done == "deleted":
        for cloud, kind, start in _WITHIN.get(case.thing.partition(",")[0], []):
            for key in tx.list(cloud, kind):
                if key.startswith(start):
                    tx.delete(cloud, kind, key)


def _after(sandbox: Sandbox, cases: Sequence[Case]) -> list[str]:
    """Do all of it by hand, look, mend; return what did not go as the table says."""
    before = _looks(sandbox, cases)
    with sandbox.world.transaction() as tx:
        for case in cases:
            _by_hand(tx, case)
    left = _looks(sandbox, cases)
    stacks = {case.stack for case in cases}
    drift = {stack: sandbox.run("bin/drift", stack, check=False) for stack in stacks}
    ups = {
        stack: sandbox.pulumi("up", "--refresh", "--stack", stack, "--yes", "--skip-preview", check=False)
        for stack in stacks
    }
    after = _looks(sandbox, cases)
    wrong = [f"{stack}: bin/drift found nothing\n{look.stdout}" for stack, look in drift.items() if not look.returncode]
    for case, was, by_hand, now in zip(cases, before, left, after, strict=True):
        mended, said = ups[case.stack], drift[case.stack].stdout
        wanted = was if case.mended and not case.refused else by_hand
        found = {
            "nothing was changed by hand": was != by_hand,
            f"bin/drift does not show {case.shows}": case.shows in said,
            f"left {by_hand!r}, is {now!r}, should be {wanted!r}": now == wanted,
            f"up ended with {mended.returncode}\n{mended.stdout}": bool(mended.returncode) == bool(case.refused),
            f"up does not say {case.refused}": case.refused in mended.stdout,
        }
        wrong += [f"{case.thing}, {case.done}: {problem}" for problem, held in found.items() if not held]
    return wrong


def _of(*tables: Sequence[Case], seen: bool) -> list[Case]:
    """Return the cases to try: in the short form one stack's, as the other one's types have twins in it."""
    cases = [case for cases in tables for case in cases if bool(case.shows) == seen]
    return [case for case in cases if FULL or case.stack == "production"]


def test_edits_show_and_are_restored(managed: Sandbox) -> None:
    assert _after(managed, _of(EDITED, seen=True)) == []
    with managed.world.transaction() as tx:
        assert PASSWORD.look(tx) in out_of_band.FlySecret("DATABASE_URL").look(tx)


def test_changes_that_the_providers_cannot_see_stay(managed: Sandbox) -> None:
    """By itself, so that no other change is what makes the engine write it."""
    cases = _of(EDITED, DELETED, seen=False)
    before = _looks(managed, cases)
    with managed.world.transaction() as tx:
        for case in cases:
            _by_hand(tx, case)
    left = _looks(managed, cases)
    assert all(was != now for was, now in zip(before, left, strict=True))
    for stack in {case.stack for case in cases}:
        assert up(managed, stack, "--refresh").keys() == {"unchanged"}
    assert _looks(managed, cases) == left
    for case in cases if FULL else []:
        if case.resource:
            _write(managed, case)
    wanted = [was if case.resource else now for case, was, now in zip(cases, before, left, strict=True)]
    assert not FULL or _looks(managed, cases) == wanted


def test_deletions_show_and_are_restored(managed: Sandbox) -> None:
    assert _after(managed, _of(DELETED, seen=True)) == []


@pytest.mark.full
def test_an_app_in_another_organization_is_refused(managed: Sandbox) -> None:
    with managed.world.transaction() as tx:
        put_organization(tx, "tune-other", "Other")
    assert _after(managed, MOVED) == []


@pytest.mark.full
def test_deleted_resources_show_and_are_created_again(managed: Sandbox) -> None:
    assert _after(managed, WHOLE) == []
    # The trap that the page warns of, and the way out of it.
    (domain,) = [case for case in EDITED if case.resource == "bucket-public-domain"]
    assert _looks(managed, [domain]) == [False]
    _write(managed, domain)
    assert _looks(managed, [domain]) == [True]


def _write(sandbox: Sandbox, case: Case) -> None:
    """Have something written that the provider cannot see, with the page's commands."""
    resources = sandbox.state(case.stack)["deployment"]["resources"]
    (urn,) = [resource["urn"] for resource in resources if resource["urn"].endswith(f"::{case.resource}")]
    sandbox.pulumi("state", "delete", "--force", "--target-dependents", urn, "--stack", case.stack, "--yes")
    sandbox.up(case.stack)


@pytest.mark.full
@pytest.mark.parametrize("case", ADOPTED, ids=lambda case: case.thing)
def test_an_adopted_resource_is_not_created_again(standing: Sandbox, case: Case) -> None:
    there = _count(standing, case)
    assert _after(standing, [case]) == []
    assert _count(standing, case) == there - 1
    # The way out that the page names. A new app needs every secret: none is kept then.
    named = {"Neon project": ["neonProject"], "R2 bucket": ["bucket"], "Pages project": ["pagesProject"]}
    for name in named.get(case.thing.removesuffix(", adopted"), ["flyApp", "keep"]):
        standing.pulumi("config", "rm", "--path", f"relay:adopt.{name}", "--stack", "production")
    up(standing, "production", "--refresh")
    assert _count(standing, case) == there  # a Neon project has another id now


def test_every_type_that_is_registered_has_its_rows(managed: Sandbox) -> None:
    """Every type of a cloud's that is in the states; the rows name resources, the states say of which type."""
    types = {
        resource["urn"].rsplit("::", 1)[1]: resource["type"]
        for stack in ("staging", "production")
        for resource in managed.state(stack)["deployment"]["resources"]
        if resource.get("custom") and not resource["type"].startswith(("pulumi:", "random:"))
    }
    told = "".join(case.shows + case.resource for cases in (EDITED, DELETED, WHOLE) for case in cases)
    told += "fly-secrets" * ("`digests." in told)
    assert len(set(types.values())) >= 13
    missing = set(types.values()) - {kind for name, kind in types.items() if name in told}
    assert not missing


def test_every_row_of_the_page_is_tried() -> None:
    cases = [case for cases in (EDITED, MOVED, DELETED, WHOLE, ADOPTED) for case in cases]
    assert sorted((case.thing, case.done) for case in cases) == sorted(ROWS)
