"""Take one resource of a dynamic provider through its life, as the engine does."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from pulumi.output import Unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi.dynamic import ResourceProvider

KEY = base64.b64encode(bytes(range(32))).decode()
"""A digest key, as a stack has one."""


class CheckFailedError(Exception):
    """A provider's check refused the inputs."""


class Managed:
    """One resource in a state, taken through its life as the engine would."""

    def __init__(self, provider: ResourceProvider) -> None:
        self.provider = provider
        self.id = ""
        self.inputs: dict[str, Any] = {}
        self.outs: dict[str, Any] = {}

    def plan(self, **news: object) -> str:
        """Return what `preview` announces: create, replace, update or same."""
        news = _through_protobuf(self._checked(news))
        if not self.id:
            return "create"
        diff = self.provider.diff(self.id, self.outs, news)
        return "replace" if diff.replaces else "update" if diff.changes else "same"

    def up(self, **news: object) -> str:
        """Do what `up` does, and return what it was."""
        step, checked = self.plan(**news), _through_protobuf(self._checked(news))
        if step == "update":
            self.outs = _through_protobuf(self.provider.update(self.id, self.outs, checked).outs or {})
            self.outs["__provider"] = checked["__provider"]
        elif step != "same":
            old = (self.id, self.outs)
            result = self.provider.create(checked)
            self.id, self.outs = result.id, _through_protobuf(result.outs or {})
            if step == "replace":
                self.provider.delete(*old)
        self.inputs = checked
        return step

    def refresh(self) -> None:
        """Do what `refresh` does."""
        result = self.provider.read(self.id, dict(self.outs))
        self.id, self.outs = result.id or "", _through_protobuf(result.outs or {})
        self.inputs = {} if not self.id else _through_protobuf(result.inputs or self.inputs)

    def destroy(self) -> None:
        """Do what `destroy` does."""
        self.provider.delete(self.id, self.outs)
        self.id, self.inputs, self.outs = "", {}, {}

    def _checked(self, news: Mapping[str, object]) -> dict[str, Any]:
        result = self.provider.check(self.inputs, {"__provider": "reference", **news})
        if result.failures:
            assert {failure.property for failure in result.failures} == {""}
            # Under --skip-preview the engine shows an unknown property instead of the failures.
            added = [value for key, value in result.inputs.items() if key not in news]
            assert not any(isinstance(value, Unknown) for value in added)
            raise CheckFailedError("; ".join(failure.reason for failure in result.failures))
        return result.inputs


def _through_protobuf(value: Any) -> Any:
    """Return a property as it comes back from the engine: every number a float."""
    if isinstance(value, dict):
        return {key: _through_protobuf(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_through_protobuf(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value
