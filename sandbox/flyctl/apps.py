"""Run the commands `version`, `orgs`, `apps`, `status`, `machine` and `volumes`.

Seen: their output and their errors (flyctl 0.4.87). Fewer members are here than there.
"""

from __future__ import annotations

import json
import sys

from sandbox.flyctl.arguments import UnmodelledError
from sandbox.flyctl.run import FailureError, Run
from sandbox.world.fly import managed_machines
from sandbox.world.store import Document

VERSION = "0.4.87"
_NOT_INTERACTIVE = "must be specified when not running interactively"


def version(run: Run) -> None:
    """Print the version; needs neither token nor network."""
    run.offline()
    print(json.dumps({"Name": "flyctl", "Version": VERSION, "Environment": "production"}, separators=(",", ":")))


def orgs_list(run: Run) -> None:
    """Print the login's organizations: slug and name."""
    with run.request(effect=True) as fly:
        run.show({slug: document["name"] for slug, document in fly.organizations().items()})


def apps_create(run: Run) -> None:
    """Create an app."""
    (name,) = run.arguments.positional
    organization = run.arguments.flags.get("org")
    if not organization:
        raise FailureError(f"org slug {_NOT_INTERACTIVE}")
    with run.request() as fly:
        organizations = fly.organizations()
    if organization not in organizations:
        raise FailureError(f"organization {organization} not found")
    with run.request("/apps?wait=true", effect=True) as fly:
        fly.create_app(name, organization)
    print(f"New app created: {name}")


def apps_destroy(run: Run) -> None:
    """Destroy apps, one after another; stops at the first error."""
    if "yes" not in run.arguments.flags:
        print("Destroying an app is not reversible.", file=sys.stderr)
        raise FailureError(f"yes flag {_NOT_INTERACTIVE}")
    for name in run.arguments.positional:
        with run.request() as fly:
            fly.app(name)
        with run.request(f"/apps/{name}", effect=True) as fly:
            fly.destroy_app(name)
        print(f"Destroyed app {name}")


def apps_list(run: Run) -> None:
    """Print the apps of an organization."""
    organization = run.arguments.flags.get("org")
    if not organization:
        raise UnmodelledError("apps list without --org")
    with run.request(effect=True) as fly:
        if organization not in fly.organizations():
            raise FailureError("error getting organization: Could not find Organization")
        apps = fly.apps(organization)
        owners = {app["name"]: fly.owner(app) for app in apps}
    run.show(
        [
            {
                "ID": app["id"],
                "Name": app["name"],
                "Deployed": app["deployed"],
                "Hostname": f"{app['name']}.fly.dev",
                "Organization": {"Slug": owners[app["name"]]["slug"], "Name": owners[app["name"]]["name"]},
            }
            for app in apps
        ]
    )


def status(run: Run) -> None:
    """Print an app."""
    with run.request(prefix="failed to get app: ", effect=True) as fly:
        app = fly.app(run.app())
        owner = fly.owner(app)
    slug = owner["slug"]
    run.show(
        {
            "Deployed": app["deployed"],
            "Hostname": f"{app['name']}.fly.dev",
            "ID": app["id"],
            "Machines": [_machine(machine) for machine in managed_machines(app)],
            "Name": app["name"],
            "Organization": {"Name": owner["name"], "Slug": slug, "RawSlug": slug},
            "Status": app["status"],
        }
    )


def machine_list(run: Run) -> None:
    """Print all machines of an app, those too that no deployment made."""
    name = run.app()
    with run.request(f"/apps/{name}/machines", effect=True) as fly:
        run.show([_machine(machine) for machine in fly.app(name)["machines"]])


def volumes_list(run: Run) -> None:
    """Print the volumes of an app."""
    name = run.app()
    with run.request() as fly:
        fly.app(name)
    with run.request(f"/apps/{name}/volumes", prefix="failed retrieving volumes: ", effect=True) as fly:
        run.show(fly.app(name).get("volumes", []))


def _machine(machine: Document) -> Document:
    return {key: machine[key] for key in ("id", "name", "state", "region")} | {"config": {}}
