"""The rules of a Fly app: when it is created, taken over, or destroyed."""

from collections.abc import Iterable
from contextlib import suppress

from pulumi.dynamic import CheckResult, CreateResult, DiffResult, ReadResult, UpdateResult

from infra.providers.fly.answers import AppStatus
from infra.providers.fly.errors import AppNotFoundError, FlyError, RefusedError
from infra.providers.fly.flyctl import Flyctl, app_name_problem, organization_problem
from infra.providers.fly.props import FlyProvider, Props, checked, difference, gone

_INPUTS = ("name", "organization", "adopt", "managed_secrets", "delete_adopted")


class Apps(FlyProvider):
    """Creates, takes over and destroys Fly apps."""

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Check the names, and refuse to move an app to another organization: replacing it would destroy it."""
        name, organization = news["name"], news["organization"]
        problems = [app_name_problem(name), organization_problem(organization)]
        if olds.get("name") == name and olds.get("organization") != organization:
            problems.append(
                f"Fly app {name} is in organization {olds['organization']}, not in the configured {organization}. "
                f"Replacing it would destroy it: run `flyctl apps move {name} --org {organization}`, then "
                "`pulumi refresh`; or put the configuration back"
            )
        return checked(news, problems)

    def diff(self, _id: str, olds: Props, news: Props) -> DiffResult:
        """Compare what is of consequence: `adopt` and `managed_secrets` only matter when the app is first met."""
        return difference(olds, news, watched=["organization", "delete_adopted"], replacing=["name"])

    def create(self, props: Props) -> CreateResult:
        """Create the app, or take over one that exists.

        An app of ours is taken over without `adopt` only where nothing can be lost: never deployed, no machine, no
        secret. That is what an interrupted creation leaves.

        Raises:
            RefusedError: The app belongs to somebody else, exists without `adopt`, does not exist with it, or has a
                secret that would be overwritten.
            FlyError: flyctl failed, and the app is not there.
        """
        name, organization = props["name"], props["organization"]
        found = self.flyctl.status(name)
        if found is None:
            if props["adopt"]:
                problem = "there is no such app, or FLY_API_TOKEN may not see it"
                raise RefusedError("adopting it", problem, app=name, hint="Clear `adopt.flyApp` to create the app.")
            _create(self.flyctl, name, organization)
        elif organization not in found.organizations:
            problem = f"it exists in organization {found.organizations[0]}, not in {organization}"
            hint = "Choose another name, or correct the organization."
            raise RefusedError("creating it", problem, app=name, hint=hint)
        elif props["adopt"]:
            _require_free(self.flyctl, name, props["managed_secrets"])
        elif not _pristine(self.flyctl, found):
            problem = f"it exists already in organization {organization}, and is in use"
            hint = "Set `adopt.flyApp` to take it over, or choose another name."
            raise RefusedError("creating it", problem, app=name, hint=hint)
        return CreateResult(name, _outputs(props, adopted=bool(props["adopt"])))

    def read(self, id_: str, props: Props) -> ReadResult:
        """Look whether the app is there, and in which organization.

        Raises:
            RefusedError: See `gone`.
        """
        name, organization = props["name"], props["organization"]
        found = self.flyctl.status(name)
        if found is None:
            return gone(self.flyctl, organization, app=name)
        if organization in found.organizations:
            return ReadResult(id_, props)
        moved = {**props, "organization": found.organizations[0]}
        return ReadResult(id_, moved, {key: moved[key] for key in _INPUTS})

    def update(self, _id: str, olds: Props, news: Props) -> UpdateResult:
        """Record the new inputs: none of those that may change without a replacement concerns Fly.io."""
        return UpdateResult(_outputs(news, adopted=olds["adopted"]))

    def delete(self, id_: str, props: Props) -> None:
        """Destroy the app; one that is gone already is no error.

        Raises:
            RefusedError: The app was adopted, and `delete_adopted` is not in the state; or `read` cannot tell.
            AppNotFoundError: Fly.io says so, and yet the app is there.
        """
        refuse_adopted("destroying it", props, app=props["name"])
        try:
            self.flyctl.apps_destroy(props["name"])
        except AppNotFoundError:
            # That is the answer, too, where the token may not see the app: forgotten, it would go on to cost.
            if self.read(id_, props).id:
                raise


def refuse_adopted(action: str, props: Props, *, app: str) -> None:
    """Refuse to delete what existed before Pulumi, unless that was asked for in an earlier `up`.

    Raises:
        RefusedError: It is refused.
    """
    if props["adopted"] and not props["delete_adopted"]:
        hint = "Set `adopt.flyApp`, run `pulumi up`, and it is left as it is; or forget it: `pulumi state delete URN`."
        raise RefusedError(action, "the app was adopted, not created, by this stack", app=app, hint=hint)


def _create(flyctl: Flyctl, name: str, organization: str) -> None:
    try:
        flyctl.apps_create(name, organization=organization)
    except FlyError:
        # The answer may be lost and the app be there.
        if not _arrived(flyctl, name, organization):
            raise


def _arrived(flyctl: Flyctl, name: str, organization: str) -> bool:
    with suppress(FlyError):
        found = flyctl.status(name)
        return found is not None and organization in found.organizations
    return False


def _pristine(flyctl: Flyctl, found: AppStatus) -> bool:
    return not (found.deployed or found.machines or flyctl.secrets_list(found.name))


def _require_free(flyctl: Flyctl, name: str, managed: Iterable[str]) -> None:
    # Here and not where the secrets are written, so that a write that was interrupted can be repeated.
    existing = sorted(flyctl.secrets_list(name).keys() & set(managed))
    if existing:
        problem = f"it has these secrets already, and they would be overwritten: {', '.join(existing)}"
        hint = "Put them under `adopt.keep`; from there each can be given a value of its own later."
        raise RefusedError("adopting it", problem, app=name, hint=hint)


def _outputs(props: Props, *, adopted: bool) -> Props:
    return {**props, "hostname": f"{props['name']}.fly.dev", "adopted": adopted}
