"""Seed a world with the names that a stack file adopts, as if a person had set them up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.seed import seed
from sandbox.world.store import World
from tests.unit.program import configuration

if TYPE_CHECKING:
    from pathlib import Path

ZONE, API, AUDIO = "tune.example", "api.tune.example", "audio.tune.example"


def test_adopted_names_are_served(tmp_path: Path) -> None:
    world, records = World(tmp_path / "clouds.sqlite"), {f"A {API}": "a1", f"TXT _fly-ownership.{API}": "t1"}
    adopt = {"flyApp": "tune-api", "pagesProject": "tune", "bucket": "tune-audio", "domains": [API, ZONE, AUDIO]}
    config: dict[str, Any] = configuration("production") | {
        "domains": {"zone": ZONE, "api": API, "frontend": ZONE, "audio": AUDIO},
        "adopt": {**adopt, "dnsRecords": {**records, f"CNAME {ZONE}": "c1"}},
    }
    seed(world, {"production": config}, {}, empty=False)
    with world.transaction() as tx:
        found = {key.partition("/")[2]: made for key, made in tx.list("cloudflare", "dns").items()}
        assert set(tx.list("fly", "certificate")) == {f"tune-api/{API}"}
        assert [key.rpartition("/")[2] for key in tx.list("cloudflare", "pages-domain")] == [ZONE]
        assert [key.rpartition("/")[2] for key in tx.list("cloudflare", "bucket-domain")] == [AUDIO]
    assert (found["a1"]["content"], found["a1"]["proxied"]) == ("66.241.124.1", False)
    assert found["t1"]["content"].startswith('"app-')
    assert (found["c1"]["content"], found["c1"]["proxied"]) == ("tune-8xz.pages.dev", True)
