"""A team that fills in its own accounts keeps a working sandbox, whatever stands in its stack files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import yaml

from tests.engine.clouds import up
from tests.engine.sandboxes import STACKS, held

if TYPE_CHECKING:
    from tests.engine.sandboxes import Sandbox

_ACCOUNT_KEYS = {
    "flyOrganization",
    "cloudflareAccountId",
    "githubOwner",
    "githubRepository",
    "pagesProject",
    "pagesHost",
    "bucket",
    "bucketPublicHost",
    "flyApp",
    "neonProject",
}


def _own(value: str) -> str:
    """Return another value of the same shape: hexadecimal stays so, and everything stays as long."""
    return value[0] + value[:0:-1] if len(value) == 32 else f"my-{value}"


def _rename(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _renamed(key.removeprefix("relay:"), value) for key, value in node.items()}
    return node


def _renamed(key: str, value: Any) -> Any:
    if key in _ACCOUNT_KEYS and isinstance(value, str):
        return _own(value)
    if key in _ACCOUNT_KEYS and isinstance(value, dict):
        return {**value, "default": _own(value["default"])}
    return _rename(value)


def test_every_account_value_changed(checkout: Sandbox) -> None:
    for path in checkout.project.glob("Pulumi*.yaml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        content["config"] = _rename(content["config"])
        if path.name == "Pulumi.staging.yaml":
            # Another secrets provider, and values that only it can read.
            content |= {"secretsprovider": "awskms://alias/infra", "encryptedkey": "AQICAHh="}
            for key in ("logfireToken", "flyDeployToken"):
                content["config"][f"relay:{key}"] = {"secure": "v1:notOurs:notOurs"}
            content["config"]["relay:extraSecrets"] = {"STRIPE_KEY": {"secure": "v1:notOurs:notOurs"}}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
    before = {path.name: path.read_bytes() for path in checkout.project.glob("Pulumi*.yaml")}
    with held(checkout) as opened:
        for stack in STACKS:
            assert "deleted" not in up(opened, stack)
        table = opened.run("bin/environments").stdout
    assert "https://my-" in table
    with checkout.world.transaction() as tx:
        staging = content_of(before["Pulumi.staging.yaml"])["relay:flyApp"]
        assert tx.get("fly", "secret", f"{staging}/STRIPE_KEY") is not None
    assert before == {path.name: path.read_bytes() for path in checkout.project.glob("Pulumi*.yaml")}


def content_of(text: bytes) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(text)["config"]
    return config
