"""Test the engine's protocol around resources. `tests/processes/test_stand_ins.py` runs it as a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pulumi.runtime.rpc
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from sandbox.providers import values
from sandbox.providers.server import providers
from sandbox.world.store import World
from tests.unit.sandbox.face import Face, Refused, urn

if TYPE_CHECKING:
    from pathlib import Path


def test_an_error_reaches_the_other_side_in_words(tmp_path: Path) -> None:
    port, server = providers(World(tmp_path / "clouds.sqlite"))["cloudflare"].serve()
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        request = provider_pb2.ReadRequest(id="acc/audio/default", urn=urn("cloudflare:index/r2Bucket:R2Bucket"))
        with pytest.raises(grpc.RpcError, match=r"403 Forbidden .*Authentication error"):
            stub.Read(request, timeout=10)
    server.stop(None).wait()


def test_the_wire_constants_are_the_sdks() -> None:
    rpc = pulumi.runtime.rpc
    assert (
        rpc.UNKNOWN,
        rpc._special_sig_key,
        rpc._special_secret_sig,
    ) == (values.UNKNOWN, values.SIGNATURE, values.SECRET)


def test_what_is_not_modelled_says_so(cloudflare: Face) -> None:
    with pytest.raises(Refused, match="resource type cloudflare:index/ruleset:Ruleset is not implemented") as error:
        cloudflare.check("cloudflare:index/ruleset:Ruleset", {})
    assert error.value.code == grpc.StatusCode.UNIMPLEMENTED
    with pytest.raises(Refused, match="function cloudflare:index/getZone:getZone is not implemented"):
        cloudflare.invoke("cloudflare:index/getZone:getZone", {})


def test_an_unknown_input_is_checked_later_and_counts_as_a_change(github: Face) -> None:
    secret = "github:index/actionsSecret:ActionsSecret"
    program = {"repository": "relay", "secretName": "DB", "value": values.UNKNOWN}
    _, state = github.create(secret, {**program, "value": "v"})
    assert github.diff(secret, state, program) == {"value": "UPDATE"}
    replaced = {**program, "value": "v", "secretName": values.UNKNOWN}
    assert github.diff(secret, state, replaced) == {"secretName": "UPDATE_REPLACE"}


def test_a_hanging_call_ends_when_the_engine_cancels(world: World, github: Face) -> None:
    world.inject("github", "secret.create", "hang-after")
    github.provider.Cancel(None, github.context)
    with pytest.raises(Refused, match="context deadline exceeded"):
        github.create(
            "github:index/actionsSecret:ActionsSecret", {"repository": "relay", "secretName": "A", "value": "v"}
        )
    with world.transaction() as tx:
        assert list(tx.list("github", "secret")) == ["crew/relay/A"]
