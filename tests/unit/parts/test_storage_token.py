"""The permission group of the bucket's token, which Cloudflare lists by name."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest


class Listed:
    """An output that resolves to a list of groups, or fails."""

    def __init__(self, answer: Exception | list[dict[str, str]]) -> None:
        self._answer = answer

    async def future(self) -> Any:
        """Return the list."""
        if isinstance(self._answer, Exception):
            raise self._answer
        return SimpleNamespace(results=[SimpleNamespace(**group) for group in self._answer])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            Exception("invoke failed: 403 Authentication error\nTraceback …"),
            "The storage token: Cloudflare did not list the account's permission groups: invoke failed: 403 "
            "Authentication error. CLOUDFLARE_API_TOKEN needs Account API Tokens Write on the account of "
            "cloudflareAccountId. To check it:\n  bin/doctor --for production",
        ),
        (
            [{"id": "9", "name": "Pages Write"}],
            "The storage token: Cloudflare lists no permission group 'Objects Write' for this account. Make a token "
            "for the bucket by hand (R2 → Manage API tokens) and set storageAccessKeyId and storageSecretAccessKey.",
        ),
    ],
)
def test_a_group_that_cannot_be_had_is_one_message(monkeypatch: pytest.MonkeyPatch, answer: Any, said: str) -> None:
    from infra.parts import storage

    monkeypatch.setattr(pulumi, "get_stack", lambda: "production")
    listed: Any = Listed(answer)
    with pytest.raises(pulumi.RunError) as caught:
        asyncio.run(storage._id_of("Objects Write", listed))
    assert str(caught.value) == said
