"""Choose the cases that run: all of them in the full form, one of each class otherwise."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Sequence

_SEED = 7


def cases(names: str, found: Sequence[tuple[Any, ...]]) -> pytest.MarkDecorator:
    """Parametrize a test, the class, with its cases; all but one, the same in every run, are left to the full form.

    Args:
        names: The parameters' names.
        found: The cases. The one is of those that begin as the first does: they share what takes time to prepare.
    """
    alike = [place for place, case in enumerate(found) if case[0] == found[0][0]]
    one = random.Random(_SEED).choice(alike)  # noqa: S311  (not for cryptography)
    marks = [() if place == one else pytest.mark.full for place in range(len(found))]
    params = [
        pytest.param(*case, marks=mark, id=": ".join(map(str, case))) for case, mark in zip(found, marks, strict=True)
    ]
    return pytest.mark.parametrize(names.split(), params)
