"""The permission group of the bucket's token, which Cloudflare lists by name."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from tests.unit import program


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
            {"results": [{"id": "9", "name": "Pages Write"}]},
            "The storage token: Cloudflare lists no permission group 'Workers R2 Storage Bucket Item Write' for this "
            "account. Make a token for the bucket by hand (R2 → Manage API tokens) and set storageAccessKeyId and "
            "storageSecretAccessKey.",
        ),
    ],
)
def test_a_group_that_cannot_be_had_is_one_message(monkeypatch: pytest.MonkeyPatch, answer: Any, said: str) -> None:
    real = program._Clouds.call

    def call(self: program._Clouds, args: pulumi.runtime.MockCallArgs) -> Any:
        if "PermissionGroupsList" not in args.token:
            return real(self, args)
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(program._Clouds, "call", call)
    with pytest.raises(pulumi.RunError) as caught:
        program.run_program("production", {"adopt": None}, preview=True)
    assert str(caught.value) == said
