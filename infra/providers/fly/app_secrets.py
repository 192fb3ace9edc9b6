"""Decide which secrets of an app to write, to remove, and to leave alone."""

import hmac
from base64 import urlsafe_b64decode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from pulumi.dynamic import CheckResult, CreateResult, ReadResult, UpdateResult
from pulumi.output import UNKNOWN, Unknown

from infra.providers.fly.answers import Secret, standing
from infra.providers.fly.errors import AppNotFoundError, UnexpectedAnswerError
from infra.providers.fly.names import APP, SECRET
from infra.providers.fly.props import FlyProvider, Props, checked, refuse_adopted, refuse_any
from infra.providers.fly.secrets_format import secret_problem

CHANGED = "changed outside Pulumi"
"""Replaces a secret's digest if somebody else wrote the secret."""
DELETED = "deleted outside Pulumi"
"""Replaces a secret's digest if somebody else removed the secret."""

_KEY_BYTES = 32


class AppSecrets(FlyProvider):
    """Writes and removes the secrets of Fly apps."""

    # Digests stand for the values. `rollout` and `plain` concern a write and its errors alone.
    watched = ("digests", "keep", "slots", "adopted")
    replacing = ("app",)
    found = ("remote", "staged", "foreign", "not_ours")

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Check names and values, and add a digest for each value, so that a plan shows which of them change."""
        if problems := list(_problems(news)):
            # Without digests: a refused value has none, and under --skip-preview the engine shows an unknown output
            # instead of the problems.
            return checked(news, problems)
        digests = UNKNOWN if isinstance(news["values"], Unknown) else _digests(news)
        return checked({**news, "digests": digests}, ())

    def create(self, props: Props) -> CreateResult:
        """Write all values in one request, and verify that they arrived.

        Raises:
            RefusedError: A name under `keep` does not exist; nothing was written.
            UnexpectedAnswerError: A name did not arrive.
        """
        app, values = props["app"], props["values"]
        if props["keep"]:
            _require_kept(app, props["keep"], self.flyctl.secrets_list(app))
        if values:
            plain, stage = props.get("plain", ()), not props["rollout"]
            self.once_known(lambda: self.flyctl.secrets_import(app, values, stage=stage, plain=plain))
        return CreateResult(f"{app}/secrets", _outputs(props, self.flyctl.secrets_list(app)))

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """Write changed values, remove names that are no longer managed, and verify both.

        Values are compared, not digests: a new digest key changes every digest and no secret. A write also restores
        the values that somebody else changed. If only settings changed, flyctl is not run.

        Raises:
            RefusedError: Somebody else made a newly managed name, a name under `keep` does not exist, or machines may
                still use a slot that would go. Nothing was written.
            UnexpectedAnswerError: A name did not arrive, or was not removed.
        """
        app, values, keep = news["app"], news["values"], news["keep"]
        # Compute this first: `olds` is the only record of the names that were managed.
        removed = sorted(olds["values"].keys() - values.keys() - set(keep))
        written = {name for name, value in values.items() if not _recorded(olds, name, value)}
        retired = _retired(olds, news)
        if not (written or removed or retired) and (keep, news["digest_key"]) == (olds["keep"], olds["digest_key"]):
            return super().update(id_, olds, news)

        before = self.flyctl.secrets_list(app, sure=bool(retired))
        _require_ours(app, written & before.keys() & _not_ours(olds), adopted=news["adopted"])
        _require_kept(app, keep, before)
        written |= {name for name in values.keys() - written if not _untouched(olds, name, before)}
        live = {name for name, secret in before.items() if secret.deployed} - written
        _require_live(app, retired - live)
        stage = not news["rollout"]
        if written:
            wanted, plain = {name: values[name] for name in written}, news.get("plain", ())
            # A removal that follows restarts the machines for both.
            self.flyctl.secrets_import(app, wanted, stage=stage or bool(removed), plain=plain)
        if removed:
            self.flyctl.secrets_unset(app, removed, stage=stage)
        after = self.flyctl.secrets_list(app) if written or removed else before
        return UpdateResult(_outputs(news, after, removed))

    def look(self, id_: str, props: Props) -> ReadResult:
        """Compare the app's secrets with those after this stack's last write; show each difference as a digest.

        Return inputs only if there is a difference. Otherwise the inputs in the state are newer than `props`.
        """
        listed = self.flyctl.secrets_list(props["app"], sure=True)
        digests = _digests(props)
        for name in digests:
            if not _untouched(props, name, listed):
                digests[name] = CHANGED if name in listed else DELETED
        keep = [name for name in props["keep"] if name in listed]
        seen = standing(listed, managed=props["values"], kept=props["keep"])
        not_ours = sorted(_not_ours(props).intersection(seen.foreign))
        outs = {**props, **seen._asdict(), "digests": digests, "keep": keep, "not_ours": not_ours}
        if (digests, keep) == (props["digests"], props["keep"]):
            return ReadResult(id_, outs)
        return self.drifted(id_, outs)

    def delete(self, _id: str, props: Props) -> None:
        """Remove exactly the managed secrets. If the app is gone, they are too.

        Raises:
            RefusedError: The app was adopted; or see `accept_gone`.
        """
        refuse_adopted("removing its secrets", props, app=props["app"])
        try:
            if props["values"]:
                self.flyctl.secrets_unset(props["app"], sorted(props["values"]))
        except AppNotFoundError as error:
            self.accept_gone(error, props)


def digest(key: str, name: str, value: str) -> str:
    """Return a value's digest for a plan: 12 hex digits, which tell nothing without the key."""
    return hmac.new(urlsafe_b64decode(key), f"{name}\0{value}".encode(), "sha256").hexdigest()[:12]


def _problems(news: Props) -> Iterator[str]:
    app, key, values, keep = news["app"], news["digest_key"], news["values"], news["keep"]
    if isinstance(app, str) and (why := APP.problem(app)):
        yield why
    if isinstance(key, str) and not _is_key(key):
        yield f"digest_key is not the base64 form of {_KEY_BYTES} bytes or more"
    known = {} if isinstance(values, Unknown) else values
    for name, value in known.items():
        if why := SECRET.problem(name) if isinstance(value, Unknown) else secret_problem(name, value):
            yield f"secret {why}"
    for name in keep:
        if name in known:
            yield f"secret {name!r}: it is both kept and given a value"
        if why := SECRET.problem(name):
            yield f"kept secret {why}"


def _is_key(key: str) -> bool:
    with suppress(ValueError):
        return len(urlsafe_b64decode(key)) >= _KEY_BYTES
    return False


def _digests(props: Props) -> dict[str, Any]:
    key = props["digest_key"]
    return {
        name: UNKNOWN if any(isinstance(part, Unknown) for part in (key, value)) else digest(key, name, value)
        for name, value in props["values"].items()
    }


def _recorded(olds: Props, name: str, value: str) -> bool:
    """Return whether, according to the state, Fly.io has this value and nobody changed it since."""
    recorded = (olds["values"].get(name), olds["digests"].get(name))
    return bool(recorded == (value, digest(olds["digest_key"], name, value)))


def _untouched(props: Props, name: str, listed: Mapping[str, Secret]) -> bool:
    """Return whether Fly.io's digest of a secret is the same as after this stack's write."""
    seen = props["remote"].get(name)
    return name in listed and seen == digest(props["digest_key"], name, listed[name].digest)


def _not_ours(props: Props) -> set[str]:
    """Return the names that somebody else had set before this stack's last write.

    A later name may come from this stack's own interrupted write, which a refresh takes for foreign.
    """
    return set(props["not_ours"] if "not_ours" in props else props["foreign"])


def _retired(olds: Props, news: Props) -> set[str]:
    """Return the names that lose a slot: Pulumi deletes the resource that made an older value after this update.

    If a name loses every slot, its newest value goes on working: Pulumi forgets the resource that made it.
    """
    before, after = olds.get("slots") or {}, news["slots"]  # absent from the states of older versions
    return {name for name, slots in before.items() if set(slots) - set(after.get(name, [max(slots)]))}


def _require_ours(app: str, taken: Iterable[str], *, adopted: bool) -> None:
    problem = "these secrets exist already and were not made by this stack"
    # A stack that created its app has nothing to keep.
    how = "Put them under `adopt.keep` first, or remove them" if adopted else "Remove them"
    hint = f"{how}: `flyctl secrets unset --stage {' '.join(sorted(taken))} -a {app}`. Nothing was written."
    refuse_any(taken, "setting its secrets", problem, app=app, hint=hint)


def _require_kept(app: str, keep: Iterable[str], listed: Mapping[str, Secret]) -> None:
    problem = "these secrets are under `adopt.keep`, but the app does not have them"
    hint = "Set them (`flyctl secrets import --stage`), or take them off that list. Nothing was written."
    refuse_any(set(keep) - listed.keys(), "setting its secrets", problem, app=app, hint=hint)


def _require_live(app: str, stale: Iterable[str]) -> None:
    """Refuse to go on while machines may use an older value of these secrets."""
    problem = "machines may still use old values of these secrets, which would stop working"
    hint = (
        f"Deploy the app, or its secrets alone (`flyctl secrets deploy -a {app}`), then run `pulumi up` again. "
        "If this update changes their values, undo that first. Nothing was written or revoked."
    )
    refuse_any(stale, "retiring the old secrets", problem, app=app, hint=hint)


def _outputs(props: Props, listed: Mapping[str, Secret], removed: Iterable[str] = ()) -> Props:
    """Return the outputs after a write. Verify that every managed name is listed, and no removed one."""
    wrong = {"did not arrive": props["values"].keys() - listed.keys(), "were not removed": listed.keys() & set(removed)}
    if problems := [f"these secrets {what}: {', '.join(sorted(names))}" for what, names in wrong.items() if names]:
        hint = "Run `pulumi up` again: it writes them again."
        raise UnexpectedAnswerError("setting its secrets", "; ".join(problems), app=props["app"], hint=hint)
    # The state gets digests of Fly.io's digests: how easily those reveal a value is not documented.
    remote = {name: digest(props["digest_key"], name, listed[name].digest) for name in props["values"]}
    seen = standing(listed, managed=props["values"], kept=props["keep"])
    return {**props, **seen._asdict(), "remote": remote, "not_ours": seen.foreign}
