"""The rules of a deploy token: minted once, found by its name, revoked when its time is over."""

import re
import secrets
from collections.abc import Sequence

from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult
from pulumi.output import Unknown

from infra.providers.fly.answers import Token
from infra.providers.fly.errors import AppNotFoundError, FlyctlFailedError, UnexpectedAnswerError
from infra.providers.fly.flyctl import Flyctl, app_name_problem
from infra.providers.fly.props import FlyProvider, Props, checked, difference, gone, once_known

_PREFIX = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
OUTPUTS = ("token", "token_id", "token_name", "expires_at")


class DeployTokens(FlyProvider):
    """Mints and revokes the deploy tokens of Fly apps."""

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Check the names and numbers."""
        app, prefix, rotation, hours = (news[key] for key in ("app", "prefix", "rotation", "expiry_hours"))
        problems = [] if isinstance(app, Unknown) else [app_name_problem(app)]
        if not _PREFIX.fullmatch(prefix):
            problems.append(f"prefix {prefix!r}: it is at most 100 letters, digits, dots, underscores and hyphens")
        if rotation < 0 or rotation != int(rotation):
            problems.append(f"rotation is {rotation}, and counts 0, 1, 2, …")
        if hours < 1 or hours != int(hours):
            problems.append(f"expiry_hours is {hours}, and must be a whole number of hours, at least 1")
        return checked(news, problems)

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        """Compare: another rotation, prefix or app is another token; another expiry counts for the next one."""
        return difference(olds, news, watched=[], replacing=["app", "prefix", "rotation"])

    def create(self, props: Props) -> CreateResult:
        """Mint a token, after revoking what interrupted runs of this very creation left.

        Only tokens of this prefix and rotation are its own: those of another rotation are another resource's.

        Raises:
            FlyError: flyctl failed. If a token was minted all the same, the next run revokes it.
        """
        name = f"{props['prefix']}-r{int(props['rotation'])}"
        return CreateResult(f"{props['app']}/{name}", {**props, **_mint(self.flyctl, name, props)})

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        """Record that the code moved: no other difference is without a new token."""
        return UpdateResult({**news, **{key: olds[key] for key in OUTPUTS}})

    def read(self, id_: str, props: Props) -> ReadResult:
        """Look whether the token still works; a revoked, expired or unlisted one counts as deleted.

        Raises:
            RefusedError: See `gone`.
        """
        try:
            listed = self.flyctl.tokens_list(props["app"])
        except AppNotFoundError:
            return gone(self.flyctl, props.get("organization"), app=props["app"])
        if any(token.id == props["token_id"] and _works(self.flyctl, token) for token in listed):
            return ReadResult(id_, props)
        return ReadResult("", {})

    def delete(self, _id: str, props: Props) -> None:
        """Revoke the token; one that works no more is no error.

        Raises:
            FlyctlFailedError: It still works.
        """
        _revoke(self.flyctl, props["app"], [props["token_id"]])


def _mint(flyctl: Flyctl, prefix: str, props: Props) -> Props:
    app = props["app"]
    # The whole form, so that the tokens of a stack `x-r0` are not taken for strays of a stack `x`.
    ours = re.compile(rf"{re.escape(prefix)}-[0-9a-f]{{16}}")
    listed = once_known(flyctl, lambda: flyctl.tokens_list(app))
    strays = [token.id for token in listed if ours.fullmatch(token.name) and _works(flyctl, token)]
    _revoke(flyctl, app, strays)
    name = f"{prefix}-{secrets.token_hex(8)}"
    token = flyctl.tokens_create_deploy(app, name=name, expiry_hours=int(props["expiry_hours"]))
    # Minting does not say the id, which revoking needs.
    row = next((t for t in flyctl.tokens_list(app) if t.name == name), None)
    if row is None:
        problem = f"the new token {name} is not in the list"
        hint = "Run `pulumi up` again: it revokes that token and makes another."
        raise UnexpectedAnswerError("making a deploy token", problem, app=app, hint=hint)
    expires = row.expires.isoformat() if row.expires else ""
    return {"token": token, "token_id": row.id, "token_name": name, "expires_at": expires}


def _revoke(flyctl: Flyctl, app: str, ids: Sequence[str]) -> None:
    left = set(ids) - flyctl.tokens_revoke(app, ids) if ids else set()
    if not left:
        return
    try:
        working = {token.id for token in flyctl.tokens_list(app) if _works(flyctl, token)}
    except AppNotFoundError:
        return
    if left := left & working:
        problem = f"flyctl did not say so, and they still work: {', '.join(sorted(left))}"
        hint = "Revoke them with `flyctl tokens revoke ID`, or run the same command again."
        raise FlyctlFailedError("revoking tokens", problem, app=app, hint=hint)


def _works(flyctl: Flyctl, token: Token) -> bool:
    return not token.revoked and (token.expires is None or token.expires > flyctl.now())
