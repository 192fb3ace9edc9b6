"""Look up interrupted creations, type by type, against the clouds' HTTP APIs in the sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from infra import kinds
from infra.clouds import github as clouds_github
from infra.config.load import examine_files
from infra.config.stack_files import read_stack_files
from ops import inventory
from ops.access import Access
from ops.inventory import Inventory
from ops.recovery import __main__ as recovery
from ops.recovery import creations
from ops.recovery.stack import Operation, RecoveryError, Stack, State
from sandbox import credentials
from sandbox.world import cloudflare, github, zones
from sandbox.world.neon import create_project
from sandbox.world.store import World
from tests.unit.clouds.served import served
from tests.unit.program import EXAMPLE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

ACCOUNT = "0123456789abcdef0123456789abcdef"
STACK = Stack("staging")
PROVIDER = "urn:pulumi:staging::relay::pulumi:providers:github::github"
PROJECT = "neon:index/project:Project"
TOKEN = "cloudflare:index/accountToken:AccountToken"
POLICY = "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy"
VARIABLE = "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable"
BUCKET = "cloudflare:index/r2Bucket:R2Bucket"


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """Serve a world over HTTP to the looks, with the sandbox's credentials."""
    world = World(tmp_path / "clouds.sqlite")
    with world.transaction() as tx:
        tx.put("cloudflare", "account", ACCOUNT, {"id": ACCOUNT})
        tx.put("github", "repository", "tune-works/tune", {"id": 1, "name": "tune", "owner": "tune-works"})
    monkeypatch.setattr(Access, "of", lambda _stack: Access({}))
    return served(world, monkeypatch)


def creating(type_: str, **inputs: Any) -> Operation:
    urn = f"urn:pulumi:staging::relay::{type_}::it"
    return Operation("creating", {"urn": urn, "type": type_, "inputs": inputs, "provider": f"{PROVIDER}::1"})


def state(operation: Operation, identity: str | None = None) -> State:
    """Return a state that has the resource already, where an id is given."""
    resources: dict[str, dict[str, Any]] = {PROVIDER: {"inputs": {"owner": "tune-works"}}}
    return State([operation], resources | ({operation.urn: {"id": identity}} if identity else {}))


def verdict(operation: Operation, known: str | None = None) -> tuple[str, str]:
    found = creations.verdict(STACK, state(operation, known), operation)
    return found.action, found.identity


def reason(operation: Operation, known: str | None = None) -> str:
    return creations.verdict(STACK, state(operation, known), operation).reason


def refusal(operation: Operation, known: str | None = None) -> str:
    with pytest.raises(RecoveryError) as caught:
        verdict(operation, known)
    return str(caught.value)


def test_a_neon_project(world: World) -> None:
    operation = creating(PROJECT, name="tune")
    assert verdict(operation) == ("clear", "")
    assert reason(operation) == "there is no Neon project 'tune'"
    with world.transaction() as tx:
        first = create_project(tx, {"name": "tune"})["id"]
    assert verdict(operation) == ("import", first)
    assert reason(operation) == f"Neon project 'tune' exists as {first}"
    assert verdict(operation, first) == ("clear", "")
    assert reason(operation, first) == "the state has Neon project 'tune' already"
    with world.transaction() as tx:
        second = create_project(tx, {"name": "tune"})["id"]
    assert f"the state has none of them: {first}, {second}. At Neon, delete those" in refusal(operation)
    assert f"it replaces {first}, which the state still has" in refusal(operation, first)
    assert f"If {second} exists, delete it" in refusal(operation, first)
    assert verdict(creating(PROJECT, name="tune", orgId="org-2")) == ("clear", "")


def test_what_the_engine_alone_has_is_forgotten() -> None:
    operation = creating("pulumi:providers:neon")
    assert creations.verdict(STACK, state(operation), operation) == ("clear", "it exists in the state alone", "")


def test_an_account_token(world: World) -> None:
    operation = creating(TOKEN, name="audio (pulumi)", accountId=ACCOUNT)
    assert verdict(operation) == ("clear", "")
    with world.transaction() as tx:
        for identity in ("a" * 32, "b" * 32, "c" * 32):
            name = "audio (pulumi-1)" if identity[0] == "c" else "audio (pulumi)"
            tx.put("cloudflare", "token", identity, {"id": identity, "account_id": ACCOUNT, "name": name})
    assert verdict(operation, "a" * 32) == ("revoke", "b" * 32)
    assert f"'audio (pulumi)' exists as {'b' * 32}, and its value is lost" in reason(operation, "a" * 32)
    assert f"the state has none of them: {'a' * 32}, {'b' * 32}. At Cloudflare, delete" in refusal(operation)
    creations.revoke(STACK, ACCOUNT, "b" * 32)
    with world.transaction() as tx:
        assert list(tx.list("cloudflare", "token")) == ["a" * 32, "c" * 32]
    with pytest.raises(RecoveryError, match=r"^Revoking Cloudflare account token b+: Cloudflare answered 404"):
        creations.revoke(STACK, ACCOUNT, "b" * 32)


@pytest.mark.parametrize("pattern", ["branchPattern", "tagPattern"])
def test_a_deployment_policy(world: World, pattern: str) -> None:
    inputs = {"repository": "tune", "environment": "eu/staging:1", pattern: "main"}
    operation = creating(POLICY, **inputs)
    assert "GitHub answered 404" in refusal(operation)
    with world.transaction() as tx:
        place = ("tune-works", "tune", "eu/staging:1")
        policy = {"protected_branches": False, "custom_branch_policies": True}
        github.put_environment(tx, *place, deployment_branch_policy=policy)
        made = {kind: github.create_policy(tx, *place, pattern="main", kind=kind)["id"] for kind in ("branch", "tag")}
        github.create_policy(tx, *place, pattern="other", kind="branch")
    identity = made[pattern.removesuffix("Pattern")]
    assert verdict(operation) == ("import", f"tune:eu/staging??1:{identity}")
    assert reason(operation) == f"deployment policy of a GitHub environment 'main' exists as {identity}"
    assert verdict(operation, f"tune:eu/staging??1:{identity}") == ("clear", "")


def test_a_deployment_policy_without_a_type_is_a_branch_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clouds_github, "policies", lambda *_: [{"id": 5, "name": "main"}])
    place = {"repository": "tune", "environment": "staging"}
    assert verdict(creating(POLICY, **place, branchPattern="main")) == ("import", "tune:staging:5")
    assert verdict(creating(POLICY, **place, tagPattern="main")) == ("clear", "")


def test_a_deployment_policy_of_a_repository_whose_owner_no_state_has() -> None:
    operation = creating(POLICY, repository="tune", environment="staging", branchPattern="main")
    states: list[dict[str, dict[str, Any]]] = [{}, {PROVIDER: {}}]
    for resources in states:
        with pytest.raises(RecoveryError, match=r"^the state lacks its owner$"):
            creations.verdict(STACK, State([], resources), operation)


@pytest.mark.parametrize(
    ("operation", "identity", "in_state"),
    [
        (creating(BUCKET, accountId=ACCOUNT, name="audio"), f"{ACCOUNT}/audio/default", "audio"),
        (creating(BUCKET, accountId=ACCOUNT, name="audio", jurisdiction="eu"), f"{ACCOUNT}/audio/eu", "audio"),
        (creating(VARIABLE, repository="tune", environment="a:b", variableName="X"), "tune:a??b:X", "tune:a??b:X"),
    ],
)
def test_what_has_a_name_of_its_own(operation: Operation, identity: str, in_state: str) -> None:
    assert creations.verdict(STACK, state(operation), operation) == ("try", "", identity)
    known = creations.verdict(STACK, state(operation, in_state), operation)
    assert known == ("clear", "the state has it already", "")
    said = refusal(operation, "old-one")
    assert said.startswith("it replaces old-one, which the state still has")
    assert f"If {identity} exists, delete it" in said


def test_what_may_be_made_again(world: World) -> None:
    types = [kind.type for kind in kinds.KINDS.values() if kind.again]
    assert {verdict(creating(type_)) for type_ in types} == {("clear", "")}
    assert world.calls() == []


def test_what_cannot_be_looked_up(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "this tool cannot look up its type" in refusal(creating("aws:s3/bucket:Bucket"))
    assert refusal(creating(PROJECT)) == "the state lacks its name"
    world.inject("neon", "GET", "down")
    assert refusal(creating(PROJECT, name="tune")) == (
        "it could not be looked up: Neon answered 503 (Service Unavailable)"
    )
    monkeypatch.setenv("NEON_API_KEY", "canary-credential")
    assert "Neon answered 401" in refusal(creating(PROJECT, name="tune"))
    assert "canary" not in refusal(creating(PROJECT, name="tune"))
    monkeypatch.delenv("NEON_API_KEY")
    assert refusal(creating(PROJECT, name="tune")).startswith("it could not be looked up: NEON_API_KEY is not set")
    monkeypatch.setattr(Access, "of", lambda _stack: Access({"neon:apiKey": credentials.NEON_KEY}))
    assert verdict(creating(PROJECT, name="tune")) == ("clear", "")


@pytest.fixture
def zone(world: World) -> str:
    with world.transaction() as tx:
        return str(zones.put_zone(tx, "tune.example", ACCOUNT)["id"])


def test_a_dns_record(world: World, zone: str) -> None:
    name = "api.tune.example"
    operation = creating("cloudflare:index/dnsRecord:DnsRecord", zoneId=zone, type="TXT", name=name)
    with world.transaction() as tx:
        address = zones.put_record(tx, zone, {"type": "A", "name": name, "content": "192.0.2.1"})["id"]
    assert verdict(operation) == ("clear", "")
    with world.transaction() as tx:
        made = zones.put_record(tx, zone, {"type": "TXT", "name": name, "content": '"a"'})["id"]
    assert verdict(operation) == ("import", f"{zone}/{made}")
    second = creating("cloudflare:index/dnsRecord:DnsRecord", zoneId=zone, type="A", name=name)
    of_a_sibling = State([second], {"urn:of::another": {"id": address}})
    assert creations.verdict(STACK, of_a_sibling, second).action == "clear"


def test_a_name_of_a_bucket_cannot_be_imported(world: World, zone: str) -> None:
    place = {"accountId": ACCOUNT, "bucketName": "tune-audio", "domain": "audio.tune.example"}
    operation = creating("cloudflare:index/r2CustomDomain:R2CustomDomain", zoneId=zone, **place)
    with world.transaction() as tx:
        cloudflare.create_bucket(tx, ACCOUNT, {"name": "tune-audio"})
    assert verdict(operation) == ("clear", "")
    with world.transaction() as tx:
        zones.add_bucket_domain(tx, ACCOUNT, "tune-audio", {"domain": "audio.tune.example", "zone_id": zone})
    assert "Pulumi cannot import it: delete it in Cloudflare's dashboard" in refusal(operation)


def test_a_lost_token_is_revoked_and_none_that_may_be_in_use(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    files = read_stack_files(EXAMPLE)
    minting = {key: value for key, value in files.stacks["production"].items() if key != "adopt"}
    files = files._replace(stacks={**files.stacks, "production": minting})
    monkeypatch.setattr(recovery, "read_stack_files", lambda _folder: files)
    account = examine_files("production", files)[0].cloudflare_account_id
    used, lost, by_hand = ("a" * 32, "b" * 32, "c" * 32)
    with world.transaction() as tx:
        tx.put("cloudflare", "account", account, {"id": account})
        for identity in (used, lost, by_hand):
            name = "tune-audio (by hand)" if identity == by_hand else "tune-audio (pulumi)"
            tx.put("cloudflare", "token", identity, {"id": identity, "account_id": account, "name": name})
    read: list[set[str]] = []
    found = Inventory({(TOKEN, used): "staging"}, frozenset(), {})

    def states(names: Iterable[str]) -> Inventory:
        read.append(set(names))
        return found

    monkeypatch.setattr(inventory, "read", states)
    for identity, said in (
        (used, f"Stack staging uses token {used}"),
        (by_hand, f"{by_hand} is no token of this stack's (tune-audio (pulumi)), so it stays."),
    ):
        with pytest.raises(RecoveryError) as refused:
            recovery.main(["production", "--revoke", lost, identity])
        assert str(refused.value).startswith(said)
    found = found._replace(unread={"qa": "it is locked"})
    with pytest.raises(RecoveryError, match="the state of stack qa cannot be read"):
        recovery.main(["production", "--revoke", lost])
    found = found._replace(unread={})
    assert recovery.main(["production", "--revoke", lost]) == 0
    assert capsys.readouterr().out == f"Revoked token {lost}.\n"
    with world.transaction() as tx:
        assert list(tx.list("cloudflare", "token")) == [used, by_hand]
    assert read == [{"production", "staging", "dev"}] * 4
