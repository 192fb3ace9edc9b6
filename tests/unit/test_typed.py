"""Commands in messages, as a person types them."""

import pytest

from infra.providers.fly.errors import AppNotFoundError
from infra.typed import as_typed


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("Then:\n  pulumi up -s dev", "Then:\n  bin/sandbox pulumi up -s dev"),
        ("→ bin/recover dev", "→ bin/sandbox bin/recover dev"),
        ("Run `flyctl secrets unset A -a b`.", "Run `bin/sandbox flyctl secrets unset A -a b`."),
        (
            "  env -u A flyctl tokens create | pulumi config set A",
            "  bin/sandbox env -u A flyctl tokens create | bin/sandbox pulumi config set A",
        ),
        ("after `flyctl auth login`", "after `flyctl auth login`"),
        ("| flyctl logs -a b |", "| flyctl logs -a b |"),
        ("pulumi is not a command here, nor `bin/setup`", "pulumi is not a command here, nor `bin/setup`"),
    ],
)
def test_in_the_sandbox_a_command_begins_with_it(monkeypatch: pytest.MonkeyPatch, text: str, typed: str) -> None:
    monkeypatch.delenv("RELAY_SANDBOX", raising=False)
    assert as_typed(text) == text
    monkeypatch.setenv("RELAY_SANDBOX", "/world")
    assert as_typed(text) == as_typed(as_typed(text)) == typed


def test_the_provider_of_fly_names_commands_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELAY_SANDBOX", "/world")
    error = AppNotFoundError("listing the secrets", "no such app", app="relay-api")
    assert str(error).endswith("`bin/sandbox pulumi refresh` notices it.")
