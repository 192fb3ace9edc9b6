"""Run the commands `certs`.

Documented: their output and texts, in flyctl's source (v0.4.87); nobody ran the real binary for them.
"""

from __future__ import annotations

from sandbox.flyctl.run import FailureError, Run
from sandbox.world.fly import Fly
from sandbox.world.store import Document


def certs_list(run: Run) -> None:
    """Print an app's certificates."""
    name = run.app()
    path = f"/apps/{name}/certificates"
    with run.request(path, prefix="failed to list certificates: ", effect=True) as fly:
        found = [
            {
                "hostname": certificate["hostname"],
                "status": _status(certificate),
                "configured": certificate["configured"],
            }
            for certificate in fly.certificates(name)
        ]
    run.show(found)


def certs_add(run: Run) -> None:
    """Add a certificate."""
    name, (host,) = run.app(), run.arguments.positional
    path = f"/apps/{name}/certificates/acme"
    with run.request(path, prefix="failed to create ACME certificate: ", effect=True) as fly:
        shown = _shown(fly, name, fly.add_certificate(name, host))
    run.show(shown)


def certs_check(run: Run) -> None:
    """Check the DNS records of a name, bring its certificate one step further, and print it."""
    name, (host,) = run.app(), run.arguments.positional
    path = f"/apps/{name}/certificates/{host}/check"
    with run.request(path, prefix="failed to check certificate: ", effect=True) as fly:
        certificate = fly.check_certificate(name, host)
        shown = _shown(fly, name, certificate)
    run.show(shown, "  Status                  = " + ("Issued" if certificate["configured"] else "Not verified"))


def certs_remove(run: Run) -> None:
    """Remove a certificate."""
    name, (host,) = run.app(), run.arguments.positional
    if "yes" not in run.arguments.flags:
        raise FailureError("yes flag must be specified when not running interactively")
    path = f"/apps/{name}/certificates/{host}"
    with run.request(path, prefix="failed to delete certificate: ", effect=True) as fly:
        fly.remove_certificate(name, host)
    print(f"✓ Certificate {host} deleted from app {name}")


def _status(certificate: Document) -> str:
    return "active" if certificate["configured"] else "pending"


def _shown(fly: Fly, name: str, certificate: Document) -> Document:
    host, issued = certificate["hostname"], certificate["configured"]
    problems = [] if issued else fly.certificate_problems(name, host)
    shown = {
        "hostname": host,
        "configured": issued,
        "status": _status(certificate),
        "dns_requirements": fly.requirements(name, host),
    }
    wrong = [{"code": None, "message": problem, "remediation": ""} for problem in problems]
    return shown | ({"validation_errors": wrong} if wrong else {})
