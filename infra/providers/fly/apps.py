"""Decide when a Fly app is created, imported, or destroyed."""

from contextlib import suppress

from pulumi.dynamic import CheckResult, CreateResult, ReadResult

from infra.providers.fly.answers import AppStatus
from infra.providers.fly.errors import AppNotFoundError, FlyError, RefusedError
from infra.providers.fly.names import APP, ORGANIZATION
from infra.providers.fly.props import FlyProvider, Props, checked, refuse_adopted, refuse_any


class Apps(FlyProvider):
    """Creates, imports and destroys Fly apps."""

    # `adopt` and `managed_secrets` matter only when Pulumi creates or imports the app.
    watched = ("organization",)
    replacing = ("name",)
    found = ("hostname", "adopted")

    def check(self, olds: Props, news: Props) -> CheckResult:
        """Check the names, and refuse to move an app to another organization: replacing it would destroy it."""
        name, organization = news["name"], news["organization"]
        problems = [APP.problem(name), ORGANIZATION.problem(organization)]
        if olds.get("name") == name and olds.get("organization") != organization:
            problems.append(
                f"Fly app {name} is in organization {olds['organization']}, not in the configured {organization}. "
                f"Replacing it would destroy it: run `flyctl apps move {name} --org {organization}`, then "
                "`pulumi refresh`; or put the configuration back"
            )
        return checked(news, problems)

    def create(self, props: Props) -> CreateResult:
        """Create the app, or import one that exists.

        Without `adopt`, import only an app of the organization with nothing to lose: never deployed, no machine, no
        volume, no secret. An interrupted creation leaves such an app.

        Raises:
            RefusedError: The app belongs to somebody else, exists without `adopt`, does not exist with it, or has a
                secret that would be overwritten.
            FlyError: flyctl failed, and the app is not there.
        """
        name, adopt = props["name"], bool(props["adopt"])
        try:
            app = self.flyctl.status(name)
        except AppNotFoundError:
            if adopt:
                problem = "there is no such app, or FLY_API_TOKEN may not see it"
                hint = "Clear `adopt.flyApp` to create the app."
                raise RefusedError("adopting it", problem, app=name, hint=hint) from None
            self._create(props)
        else:
            self._require_free(app, props)
        return CreateResult(name, {**props, "hostname": f"{name}.fly.dev", "adopted": adopt})

    def look(self, id_: str, props: Props) -> ReadResult:
        """Look whether the app is there, and in which organization."""
        app = self.flyctl.status(props["name"])
        if props["organization"] in app.organizations:
            return ReadResult(id_, props)
        return self.drifted(id_, {**props, "organization": app.organizations[0]})

    def delete(self, id_: str, props: Props) -> None:
        """Destroy the app; an app that is gone is no error.

        Raises:
            RefusedError: The app was adopted; or see `accept_gone`.
            AppNotFoundError: Fly.io answers so, although the app exists.
        """
        refuse_adopted("destroying it", props, app=props["name"])
        try:
            self.flyctl.apps_destroy(props["name"])
        except AppNotFoundError:
            # Fly.io answers the same if the token may not see the app, which would cost on after Pulumi forgot it.
            if self.read(id_, props).id:
                raise

    def _create(self, props: Props) -> None:
        """Create the app. After a failure, look for it: the app may exist although the answer was lost.

        Raises:
            FlyError: flyctl failed, and the app is not there, or is in use: somebody else made it meanwhile.
        """
        name, organization = props["name"], props["organization"]
        try:
            self.flyctl.apps_create(name, organization=organization)
        except FlyError:
            with suppress(FlyError):
                app = self.flyctl.status(name)
                if organization in app.organizations and not self.once_known(lambda: self._in_use(app, name)):
                    return
            raise

    def _require_free(self, app: AppStatus, props: Props) -> None:
        """Refuse an app of somebody else's, and an app with something to lose."""
        name, organization = props["name"], props["organization"]
        if organization not in app.organizations:
            problem = f"it exists in organization {app.organizations[0]}, not in {organization}"
            hint = "Choose another name, or correct the organization."
            raise RefusedError("creating it", problem, app=name, hint=hint)
        if props["adopt"]:
            # Checked here, so that an interrupted write of the secrets can be repeated.
            existing = self.flyctl.secrets_list(name).keys() & set(props["managed_secrets"])
            problem = "it has these secrets already, and they would be overwritten"
            hint = "Put them under `adopt.keep` (of a further app: leave them out), or remove them from the app."
            refuse_any(existing, "adopting it", problem, app=name, hint=hint)
        elif self._in_use(app, name):
            problem = f"it exists already in organization {organization}, and is in use"
            hint = "Set `adopt.flyApp` to take it over, or choose another name."
            raise RefusedError("creating it", problem, app=name, hint=hint)

    def _in_use(self, app: AppStatus, name: str) -> bool:
        """Return whether the app was deployed, or has a secret, a machine or a volume.

        `status` shows only the machines that deployments made.
        """
        looks = (self.flyctl.secrets_list, self.flyctl.machine_list, self.flyctl.volumes_list)
        return app.deployed or any(look(name) for look in looks)
