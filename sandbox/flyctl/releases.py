"""Run the commands `deploy`, `releases` and `logs`.

Documented: their output, in flyctl's source (0.4.87).

The sandbox builds no image and runs no application: `deploy` takes an image by its name, and `logs` says so.
"""

from __future__ import annotations

import sys
import time

from sandbox.flyctl.arguments import UnmodelledError
from sandbox.flyctl.output import table
from sandbox.flyctl.run import Run
from sandbox.world.fly_tokens import EMAIL


def deploy(run: Run) -> None:
    """Deploy an image, which makes a release and brings every secret to the machines."""
    name, flags = run.app(), run.arguments.flags
    image = flags.get("image")
    if not image:
        raise UnmodelledError("deploy without --image")
    print(f"Searching for image '{image}' remotely...", file=sys.stderr)
    with run.request() as fly:
        first = not fly.app(name)["deployed"]
    print(f"\nWatch your deployment at https://fly.io/apps/{name}/monitoring\n")
    if first:
        print("No machines in group app, launching a new machine")
    with run.request(f"/apps/{name}/machines", effect=True) as fly:
        machines = fly.deploy(name, image, machines=1 if flags.get("ha") == "false" else 2)
    for n, machine in enumerate(machines, 1):
        print(f"✔ [{n}/{len(machines)}] Machine {machine['id']} [app] update succeeded")
    print(f"\nVisit your newly deployed app at https://{name}.fly.dev/")


def releases(run: Run) -> None:
    """Print an app's releases, the newest first."""
    name, image = run.app(), "image" in run.arguments.flags
    with run.request(prefix=f"failed retrieving app releases {name}: ", effect=True) as fly:
        made = fly.app(name).get("made", {})
    rows = [
        (f"v{version}", "complete", "Release", EMAIL, "just now", *([release["image"]] if image else []))
        for version, release in sorted(made.items(), key=lambda item: -int(item[0]))
    ]
    print(table(f"VERSION|STATUS|DESCRIPTION|USER|DATE{'|DOCKER IMAGE' if image else ''}", rows))


def logs(run: Run) -> None:
    """Print a line for each machine. Without --no-tail the real command runs until Ctrl-C."""
    name = run.app()
    with run.request(effect=True) as fly:
        machines = fly.app(name)["machines"]
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    for machine in machines:
        print(f"{now} app[{machine['id']}] {machine['region']} [info]The sandbox runs no application.")
