"""The commands `version`, `auth`, `orgs`, `apps` and `status`."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from sandbox.flyctl.arguments import UnmodelledError, usage
from sandbox.flyctl.output import show, table
from sandbox.flyctl.run import FailureError

if TYPE_CHECKING:
    from sandbox.flyctl.run import Run
    from sandbox.world import Document

VERSION = "0.4.87"
_BUILD = {"Commit": "0000000000000000000000000000000000000000", "BuildDate": "2026-08-21T00:00:00Z"}
_NOT_INTERACTIVE = "must be specified when not running interactively"


def version(run: Run) -> None:
    """Print the version; needs neither token nor network."""
    run.offline()
    if run.switch("json", "FLY_JSON"):
        name = {"Name": run.program, "Version": VERSION, **_BUILD}
        rest = {"BranchName": "", "OS": "linux", "Architecture": "amd64", "Environment": "production"}
        print(json.dumps({**name, **rest}, separators=(",", ":")))
    else:
        commit, built = _BUILD.values()
        print(f"{run.program} v{VERSION} linux/amd64 Commit: {commit} BuildDate: {built}")


def auth_whoami(run: Run) -> None:
    """Print the caller's e-mail address."""
    with run.request(effect=True) as fly:
        email = fly.email()
    show(run, {"email": email}, email)


def orgs_list(run: Run) -> None:
    """Print the login's organizations: slug and name."""
    with run.request(effect=True) as fly:
        names = {slug: document["name"] for slug, document in fly.organizations().items()}
    show(run, names, table(("Name", "Slug"), [(name, slug) for slug, name in names.items()]))


def apps_list(run: Run) -> None:
    """Print the apps; with an app-scoped token it fails."""
    organization = run.option("org", "FLY_ORG")
    prefix = "error getting organization: " if organization else ""
    with run.request(prefix=prefix, effect=True) as fly:
        apps = fly.apps(organization)
        full = [_full_app(app, fly.owner(app)) for app in apps]
    rows = [(app["name"], app["organization"], app["status"]) for app in apps]
    text = "\n".join(name for name, _, _ in rows) if run.switch("quiet") else table(("Name", "Owner", "Status"), rows)
    show(run, full, text if apps else "No apps found")


def apps_create(run: Run) -> None:
    """Create an app."""
    flags, positional = run.arguments
    name = next(iter(positional), "")
    if name and flags.get("name") and name != flags["name"]:
        raise FailureError(f"two app names specified {name} and {flags['name']}, only one may be specified")
    name = name or flags.get("name", "")
    if run.switch("generate-name") or run.switch("save") or flags.get("network"):
        raise UnmodelledError("apps create --generate-name, --save, --network")
    if not name:
        raise FailureError(f"name argument or flag {_NOT_INTERACTIVE}")
    with run.request() as fly:
        organizations = fly.organizations()
    organization = run.option("org", "FLY_ORG", "FLY_ORGANIZATION")
    if not organization and set(organizations) == {"personal"}:
        organization = "personal"
        print(f"automatically selected personal organization: {organizations['personal']['name']}", file=sys.stderr)
    if not organization:
        raise FailureError(f"org slug {_NOT_INTERACTIVE}")
    if organization not in organizations:
        raise FailureError(f"organization {organization} not found")
    with run.request("/apps?wait=true", effect=True) as fly:
        fly.create_app(name, organization)
    with run.request() as fly:
        full = _full_app(fly.app(name), organizations[organization])
    show(run, full, f"New app created: {name}")


def apps_destroy(run: Run) -> None:
    """Destroy apps, one after another; stops at the first error."""
    if not (run.switch("yes") or run.switch("auto-confirm")):
        print("Destroying an app is not reversible.", file=sys.stderr)
        raise FailureError(f"yes flag {_NOT_INTERACTIVE}")
    for name in run.arguments.positional:
        with run.request() as fly:
            fly.app(name)
        with run.request(f"/apps/{name}", effect=True) as fly:
            fly.destroy_app(name)
        print(f"Destroyed app {name}")


def apps_show(_: Run) -> None:
    """No such command: flyctl prints help, and is content."""
    print(f"Manage apps.\n\n{usage('apps list')}")


def status(run: Run) -> None:
    """Print an app."""
    with run.request(prefix="failed to get app: ", effect=True) as fly:
        app = fly.app(run.app())
        full = _full_app(app, fly.owner(app))
    kept = ("Deployed", "Hostname", "ID", "Name", "Organization", "PlatformVersion", "Status", "Version")
    machines = [
        {key: machine[key] for key in ("id", "name", "state", "region")} | {"config": {}, "cordoned": False}
        for machine in app["machines"]
    ]
    document = {"AppURL": f"https://{full['Hostname']}", **{key: full[key] for key in kept}, "Machines": machines}
    rows = [("Name", app["name"]), ("Owner", app["organization"]), ("Hostname", full["Hostname"])]
    show(run, document, "App\n" + "".join(f"  {key:<10}= {value}\n" for key, value in rows))


def _full_app(app: Document, organization: Document) -> Document:
    owner = {"ID": organization["id"], "InternalNumericID": "1", "Slug": organization["slug"]}
    return {
        "ID": app["id"],
        "Name": app["name"],
        "InternalNumericID": app["number"],
        "Status": app["status"],
        "Deployed": app["deployed"],
        "Hostname": f"{app['name']}.fly.dev",
        "Network": "default",
        "Organization": owner | {"RawSlug": organization["slug"], "Name": organization["name"], "PaidPlan": False},
        "PlatformVersion": "machines",
        "Version": len(app["releases"]),
        "CNAMETarget": "",
        "Machines": {"Nodes": []},
    }
