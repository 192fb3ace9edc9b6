"""Define the input and the results of checks, for `up` and for doctor.

Standard library only: doctor runs before `.venv` exists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from infra.config.settings import Settings


class Finding(NamedTuple):
    """A result of a check.

    Attributes:
        state: `missing` and `wrong` stop an `up`; a `note` does not.
        what: A sentence without its full stop: the resource and its condition.
        fix: The next step.
    """

    state: Literal["ok", "missing", "wrong", "note"]
    what: str
    fix: str = ""

    @property
    def stops(self) -> bool:
        """Whether `up` refuses to start."""
        return self.state in {"missing", "wrong"}


class Start(NamedTuple):
    """The stack, and the environment in which its run starts.

    Attributes:
        settings: The stack's settings.
        environ: The environment variables.
        credentials: By service, each credential that is set; None if this run cannot decrypt it.
        own_ids: Returns the ids in the stack's state by logical name; None if the state cannot be read.
        preview: Whether the run is a preview.
    """

    settings: Settings
    environ: Mapping[str, str]
    credentials: Mapping[str, str | None]
    own_ids: Callable[[], Mapping[str, str] | None]
    preview: bool = False
