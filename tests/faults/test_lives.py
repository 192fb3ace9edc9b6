"""Run random lives of a careless team: nothing live is lost, doubled, crossed or shown."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.conftest import FULL
from tests.engine.sandboxes import Sandbox, copied, held
from tests.faults.lives import Life

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHOSEN = os.environ.get("RELAY_LIVES", "")
WHOLE = FULL or bool(CHOSEN)
SEEDS = [int(CHOSEN)] if CHOSEN.isdecimal() else list(range(300 if FULL else 1))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_life(
    seed: int, prepared: dict[bool, Sandbox], tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """`RELAY_LIVES=SEED` repeats one life; `make faults` runs three hundred, and `make test` the beginning of one."""
    with held(copied(prepared[False], tmp_path / "world")) as sandbox:
        life = Life(sandbox, seed)
        if WHOLE:
            life.live(15)
        else:
            life.live(6, ends=("staging", "dev"))
    record_property("refused at the end", life.refusals)
