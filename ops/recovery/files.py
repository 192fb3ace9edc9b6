"""A state in a local folder that was cut short: what the engine left, and the newest whole copy in its place.

Where the disk is full, the engine puts half a file in the place of the whole one; a kill at the worst moment leaves the
attributes beside it empty. Neither can be read, by any command.
"""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from infra.config.stack_files import read_stack_files
from ops import stacks
from ops.backend import check as backend
from ops.recovery.found import Lock, RecoveryError, Window, moment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# What was cut is kept under this ending, which Pulumi takes for no stack, and two times in seconds: since when it says
# what the copy in its place does not, and until when.
_CUT = ".cut"


class _Files(NamedTuple):
    """Where a local backend keeps a stack.

    Attributes:
        root: Its folder `.pulumi`.
        place: The stack's place in each of its folders, as `project/stack`.
    """

    root: Path
    place: Path

    @property
    def state(self) -> Path:
        """The state."""
        return self.root / "stacks" / self.place.with_name(f"{self.place.name}.json")

    @property
    def attributes(self) -> Path:
        """What the engine keeps beside it."""
        return self.state.with_name(f"{self.state.name}.attrs")

    @property
    def before(self) -> Path:
        """A copy of the state as it was one step before."""
        return self.state.with_name(f"{self.state.name}.bak")

    @property
    def backups(self) -> Path:
        """The folder of its copies at the end of each update."""
        return self.root / "backups" / self.place

    @property
    def history(self) -> Path:
        """The folder of what is recorded of each update."""
        return self.root / "history" / self.place

    def locks(self) -> Iterable[Lock]:
        """Yield the locks on the stack; of one that is cut short as well, no more than that there is one."""
        for path in sorted((self.root / "locks" / "organization" / self.place).glob("*.json")):
            lock = _read(path)
            user, host = (str(lock.get(name, "")) for name in ("username", "hostname"))
            yield Lock(path.as_uri(), user, host, int(lock.get("pid", 0)), str(lock.get("timestamp", "")))


def mend(stack: str, require_stranded: Callable[[Lock], None]) -> bool:
    """Make a state readable that a local backend has and cannot load.

    Args:
        stack: The stack's name.
        require_stranded: Raises where an update may be running that holds the lock.

    Returns:
        Whether an older copy was put in its place. Without one of these files to blame, nothing is done.

    Raises:
        RecoveryError: There is no whole copy, or no space for it.
    """
    files = _files(stack)
    if files is None or not files.state.is_file():
        return False
    cut = not _checkpoint(files.state)
    empty = files.attributes.is_file() and files.attributes.stat().st_size == 0
    if cut or empty:
        for lock in files.locks():
            require_stranded(lock)
    if empty:
        files.attributes.unlink()  # the state is read without them as well
        print(f"{files.attributes}, which was left empty, is deleted.", flush=True)
    if cut:
        _put_back(stack, files)
    return cut


def mend_history(stack: str) -> bool:
    """Put aside what a full disk cut short of a local backend's records of updates: with it none can be read.

    Returns:
        Whether there was such a record.
    """
    files = _files(stack)
    cut = [path for path in files.history.glob("*.history.json") if not _read(path)] if files else []
    for path in cut:
        kept = path.rename(path.with_name(f"{path.name}{_CUT}"))
        print(f"{path}, the record of an update, was cut short; it is kept as {kept.name}.", flush=True)
    return bool(cut)


def cut_updates(stack: str) -> list[Window]:
    """Return when updates ran of which a state that was cut short said what the copy in its place does not."""
    files = _files(stack)
    kept = files.state.parent.glob(f"{files.state.name}{_CUT}-*-*") if files else ()
    times = ([datetime.fromtimestamp(int(time), UTC) for time in path.name.split("-")[-2:]] for path in kept)
    return [Window(*both) for both in times]


def _files(stack: str) -> _Files | None:
    """Return a stack's files; None with another backend than a local one."""
    where = backend.whoami()
    url = str(json.loads(where.stdout)["url"]) if where.returncode == 0 else ""
    scheme, _, folder = url.partition("?")[0].partition("://")
    place = Path(read_stack_files(stacks.folder()).name) / stack.rpartition("/")[2]
    return _Files(Path(folder).expanduser() / ".pulumi", place) if scheme == "file" else None


def _put_back(stack: str, files: _Files) -> None:
    copies = (files.before, *files.backups.glob("*.json"))
    written = {_written(path, whole): path for path in copies if (whole := _checkpoint(path))}
    if not written:
        raise RecoveryError(
            f"{files.state} is cut short, and neither beside it nor in {files.backups} is a whole copy. Move it away; "
            'then make the stack anew around what is in the clouds, as docs/runbook.md says, "Lost state".'
        )
    newest = max(written)
    # What was begun before the state was last copied is in the copy, at least as begun.
    since = max(newest, _changed(files.before)) if files.before in written.values() else newest
    times = "-".join(str(int(time.timestamp())) for time in (since, _changed(files.state)))
    copy, kept = (files.state.with_name(f"{files.state.name}{ending}") for ending in (".whole", f"{_CUT}-{times}"))
    try:
        shutil.copyfile(written[newest], copy)
        shutil.copyfile(files.state, kept)
        copy.replace(files.state)
    except OSError as error:
        copy.unlink(missing_ok=True)
        raise RecoveryError(
            f"Putting {written[newest]} in the place of {files.state}, which is cut short: {error.strerror}. The state "
            f"is as it was; make space, then run `bin/recover {stack}` again."
        ) from None
    print(
        f"{files.state} was cut short, as a full disk does. It is kept as {kept.name}; in its place is "
        f"{written[newest].name}, written at {newest:%Y-%m-%d %H:%M:%S} UTC.",
        flush=True,
    )


def _written(path: Path, checkpoint: dict[str, Any]) -> datetime:
    """Return when the state in a copy was written; where nothing was ever made in it, only its file tells."""
    time = ((checkpoint.get("latest") or {}).get("manifest") or {}).get("time")
    return moment(time).astimezone(UTC) if time else _changed(path)


def _changed(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _checkpoint(path: Path) -> dict[str, Any]:
    """Return the checkpoint in a file, or nothing where the file is not whole."""
    return dict(_read(path).get("checkpoint") or {})


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError, TypeError):
        return {}
