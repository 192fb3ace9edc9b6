"""Take a bucket's keys from the stack that owns it (`storageFrom`), in every way that can fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.engine.clouds import objects, secrets, up

if TYPE_CHECKING:
    from tests.engine.sandboxes import Sandbox


def from_production(sandbox: Sandbox) -> None:
    with sandbox.settings("staging") as settings:
        for key in ("storageAccessKeyId", "storageSecretAccessKey"):
            del settings[f"relay:{key}"]
        settings["relay:storageFrom"] = "production"


def refusal(sandbox: Sandbox) -> str:
    before = objects(sandbox)
    said = sandbox.refused("up", "staging")
    assert "Traceback" not in said
    assert objects(sandbox) == before
    return said


def test_staging_gets_the_keys_of_production(empty_standing: Sandbox) -> None:
    from_production(empty_standing)
    assert up(empty_standing, "staging")["updated"] == 1
    given, owned = secrets(empty_standing, "tune-api-staging"), secrets(empty_standing, "tune-api")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        assert given[name] == owned[name]
    assert set(up(empty_standing, "staging")) == {"unchanged"}


def test_a_stack_whose_app_has_keys_does_not_lose_them(empty_standing: Sandbox) -> None:
    empty_standing.pulumi("stack", "rm", "--stack", "production", "--force", "--yes", "--preserve-config")
    from_production(empty_standing)
    assert "from stack production, but it was never brought up" in refusal(empty_standing)


def test_a_stack_that_keeps_its_keys(standing: Sandbox) -> None:
    from_production(standing)
    assert "they are kept on its Fly app (adopt.keep)" in refusal(standing)


def test_another_passphrase(empty_standing: Sandbox) -> None:
    from_production(empty_standing)
    # The owner's state is encrypted again, with a passphrase that staging does not have.
    change = "printf 'another\\nanother\\n' | pulumi stack change-secrets-provider passphrase --stack production"
    empty_standing.run("sh", "-c", change)
    message = refusal(empty_standing)
    assert "stack staging takes the bucket's keys from stack production" in message
    assert "staging's passphrase or key cannot decrypt its secrets" in message
