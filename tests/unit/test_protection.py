"""What may be destroyed or replaced, by tier."""

from __future__ import annotations

from tests.unit.program import Run, ran


def protected(run: Run) -> set[str]:
    return {r.name for r in run.resources if r.options.protect}


def retained(run: Run) -> set[str]:
    return {r.name for r in run.resources if r.options.retainOnDelete}


def managed(run: Run) -> set[str]:
    return {r.name for r in run.resources if not r.type.startswith(("relay:", "pulumi:"))}


def test_production_protects_everything() -> None:
    run = ran("production")
    # A provider is not a thing in a cloud; every other resource is.
    assert protected(run) - {"github"} == managed(run)


def test_production_retains_data_it_made_itself() -> None:
    assert retained(ran("production", {"adopt": None})) == {"neon-project", "bucket"}


def test_production_retains_what_it_adopted() -> None:
    assert retained(ran("production")) == {"neon-project", "bucket", "pages-project", "fly-app", "fly-secrets"}


def test_an_old_slot_can_be_retired() -> None:
    rotate = {"oauthKey": 1, "storageToken": 1, "deployToken": 1}
    run = ran("production", {"adopt": None, "rotate": rotate, "mintDeployToken": True})
    assert managed(run) - protected(run) == {"oauth-key", "storage-token", "deploy-token"}


def test_staging_protects_its_data_alone() -> None:
    run = ran("staging")
    assert protected(run) == {"neon-project"}
    assert retained(run) == set()


def test_dev_protects_nothing_and_retains_what_it_adopted() -> None:
    run = ran("dev")
    assert protected(run) == set()
    assert retained(run) == {"neon-project"}


def test_unprotect_is_the_escape() -> None:
    assert protected(ran("staging", {"unprotect": True})) == set()


def test_unprotect_still_retains_production_data() -> None:
    run = ran("production", {"unprotect": True, "adopt": None})
    assert protected(run) == set()
    assert retained(run) == {"neon-project", "bucket"}
