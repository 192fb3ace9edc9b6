"""Decide when the certificate of a name is added to a Fly app, and when it is removed."""

from contextlib import suppress

from pulumi.dynamic import CheckResult, CreateResult, ReadResult
from pulumi.output import Unknown

from infra.providers.fly.certs import Certificate
from infra.providers.fly.errors import AppNotFoundError, FlyError
from infra.providers.fly.names import APP, HOST
from infra.providers.fly.props import FlyProvider, Props, checked


class Certificates(FlyProvider):
    """Adds and removes the certificates of Fly apps.

    The state holds the content of the DNS records, not Fly.io's progress: a pending certificate is no change.
    """

    replacing = ("app", "hostname")
    found = ("target", "a", "aaaa", "ownership")

    def check(self, _olds: Props, news: Props) -> CheckResult:
        """Check the names."""
        app = news["app"]
        return checked(news, [None if isinstance(app, Unknown) else APP.problem(app), HOST.problem(news["hostname"])])

    def create(self, props: Props) -> CreateResult:
        """Add the certificate, or import the app's own for this name, which an interrupted creation leaves too.

        Raises:
            FlyError: flyctl failed, and the app has no such certificate.
        """
        app, host = props["app"], props["hostname"]
        if host in self.once_known(lambda: self.flyctl.certs_list(app)):
            certificate = self.flyctl.certs_check(app, host)
        else:
            certificate = self._add(app, host)
        # An app that was never deployed has no address yet, and perhaps no target of its own.
        target = certificate.target or f"{app}.fly.dev"
        wanted = {"target": target, "a": certificate.a, "aaaa": certificate.aaaa, "ownership": certificate.ownership}
        return CreateResult(f"{app}/{host}", {**props, **wanted})

    def look(self, id_: str, props: Props) -> ReadResult:
        """Look whether the app still has the certificate."""
        there = props["hostname"] in self.flyctl.certs_list(props["app"])
        return ReadResult(id_, props) if there else ReadResult("", {})

    def delete(self, _id: str, props: Props) -> None:
        """Remove the certificate. A certificate or an app that is gone already is no error.

        Raises:
            FlyError: flyctl failed, and the app still has the certificate.
            RefusedError: See `accept_gone`.
        """
        app, host = props["app"], props["hostname"]
        try:
            if host in self.flyctl.certs_list(app):
                self.flyctl.certs_remove(app, host)
        except AppNotFoundError as error:
            self.accept_gone(error, props)

    def _add(self, app: str, host: str) -> Certificate:
        """Add the certificate. After a failure, look for it: it may exist although the answer was lost."""
        try:
            return self.flyctl.certs_add(app, host)
        except FlyError:
            with suppress(FlyError):
                if host in self.flyctl.certs_list(app):
                    return self.flyctl.certs_check(app, host)
            raise
