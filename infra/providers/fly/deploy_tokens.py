"""Mint a deploy token once, find it by its name, and revoke it at its end."""

import re
import secrets
from collections.abc import Sequence

from pulumi.dynamic import CheckResult, CreateResult, ReadResult
from pulumi.output import Unknown

from infra.providers.fly.answers import Token
from infra.providers.fly.errors import AppNotFoundError, FlyctlFailedError, UnexpectedAnswerError
from infra.providers.fly.names import APP, PREFIX
from infra.providers.fly.props import FlyProvider, Props, checked


class DeployTokens(FlyProvider):
    """Mints and revokes the deploy tokens of Fly apps."""

    # A changed expiry counts for the next token. A changed rotation replaces the token within one `up`: the engine
    # creates the new one, updates GitHub's secret, and deletes the old one last.
    replacing = ("app", "prefix", "rotation")
    found = ("token", "token_id", "token_name", "expires_at")

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Check the names and numbers."""
        app, prefix, rotation, hours = (news[key] for key in ("app", "prefix", "rotation", "expiry_hours"))
        problems = [] if isinstance(app, Unknown) else [APP.problem(app)]
        if problem := PREFIX.problem(prefix):
            problems.append(f"prefix {problem}")
        if rotation < 0 or rotation != int(rotation):
            problems.append(f"rotation is {rotation}, and counts 0, 1, 2, …")
        if hours < 1 or hours != int(hours):
            problems.append(f"expiry_hours is {hours}, and must be a whole number of hours, at least 1")
        return checked(news, problems)

    def create(self, props: Props) -> CreateResult:
        """Mint a token, after revoking the tokens that interrupted runs of this creation left.

        Only tokens of this prefix and rotation are its own. The token of the rotation before still works for GitHub
        until Pulumi deletes it.

        Raises:
            FlyError: flyctl failed. If a token was minted all the same, the next run revokes it.
        """
        app, stem = props["app"], f"{props['prefix']}-r{int(props['rotation'])}"
        # The whole name must match: the tokens of a stack `x-r0` are no strays of a stack `x`.
        ours = re.compile(rf"{re.escape(stem)}-[0-9a-f]{{16}}")
        working = self.once_known(lambda: self._working(app))
        self._revoke(props, [token.id for token in working if ours.fullmatch(token.name)])
        name = f"{stem}-{secrets.token_hex(8)}"
        token = self.flyctl.tokens_create_deploy(app, name=name, expiry_hours=int(props["expiry_hours"]))
        # flyctl does not print the new token's id, which revoking needs.
        row = next((row for row in self.flyctl.tokens_list(app) if row.name == name), None)
        if row is None:
            problem = f"the new token {name} is not in the list"
            hint = "Run `pulumi up` again: it revokes that token and makes another."
            raise UnexpectedAnswerError("making a deploy token", problem, app=app, hint=hint)
        expires = row.expires.isoformat() if row.expires else ""
        minted = {"token": token, "token_id": row.id, "token_name": name, "expires_at": expires}
        return CreateResult(f"{app}/{stem}", {**props, **minted})

    def look(self, id_: str, props: Props) -> ReadResult:
        """Look whether the token still works; a revoked, expired or unlisted token counts as deleted."""
        works = any(token.id == props["token_id"] for token in self._working(props["app"]))
        return ReadResult(id_, props) if works else ReadResult("", {})

    def delete(self, _id: str, props: Props) -> None:
        """Revoke the token; a token that no longer works is no error.

        Raises:
            FlyctlFailedError: The token still works.
            RefusedError: See `accept_gone`.
        """
        self._revoke(props, [props["token_id"]])

    def _working(self, app: str) -> list[Token]:
        """Return the tokens that are neither revoked nor expired."""
        now = self.flyctl.now()
        listed = self.flyctl.tokens_list(app)
        return [token for token in listed if not (token.revoked or (token.expires and token.expires <= now))]

    def _revoke(self, props: Props, ids: Sequence[str]) -> None:
        app = props["app"]
        left = set(ids) - self.flyctl.tokens_revoke(app, ids) if ids else set()
        if not left:
            return
        try:
            working = left & {token.id for token in self._working(app)}
        except AppNotFoundError as error:
            # Without their app, tokens open nothing.
            self.accept_gone(error, props)
            return
        if working:
            problem = f"flyctl did not confirm it, and they still work: {', '.join(sorted(working))}"
            hint = "Revoke them with `flyctl tokens revoke ID`, or run the same command again."
            raise FlyctlFailedError("revoking tokens", problem, app=app, hint=hint)
