"""flyctl's commands. Each takes its run, prints to standard output, and fails by an exception."""

from __future__ import annotations

import json
import os
import posixpath
import re
import stat
import sys
import time
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from sandbox.clouds.errors import CloudError
from sandbox.clouds.fly import managed_machines, secret_status
from sandbox.flyctl import importer
from sandbox.flyctl.arguments import UnmodelledError, UsageError, usage
from sandbox.flyctl.run import FailureError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sandbox.flyctl.run import Run
    from sandbox.world import Document

VERSION = "0.4.87"
_BUILD = {"Commit": "0000000000000000000000000000000000000000", "BuildDate": "2026-08-21T00:00:00Z"}
_NOT_INTERACTIVE = "must be specified when not running interactively"
_STAGED = (
    "Secrets have been staged, but not set on VMs. "
    "Deploy or update machines in this app for the secrets to take effect."
)
_STDIN_LIMIT = 65_536  # bytes that `secrets set NAME=-` takes
_DURATION = re.compile(r"([0-9]*\.?[0-9]+)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_MARKS = {"Staged": "* ", "Partial": "! "}


def _version(run: Run) -> None:
    run.offline()
    if run.switch("json", "FLY_JSON"):
        name = {"Name": run.program, "Version": VERSION, **_BUILD}
        rest = {"BranchName": "", "OS": "linux", "Architecture": "amd64", "Environment": "production"}
        print(json.dumps({**name, **rest}, separators=(",", ":")))
    else:
        commit, built = _BUILD.values()
        print(f"{run.program} v{VERSION} linux/amd64 Commit: {commit} BuildDate: {built}")


def _auth_whoami(run: Run) -> None:
    with run.request(effect=True) as fly:
        email = fly.email()
    _show(run, {"email": email}, email)


def _orgs_list(run: Run) -> None:
    with run.request(effect=True) as fly:
        names = {slug: document["name"] for slug, document in fly.organizations().items()}
    _show(run, names, _table(("Name", "Slug"), [(name, slug) for slug, name in names.items()]))


def _apps_list(run: Run) -> None:
    organization = run.option("org", "FLY_ORG")
    prefix = "error getting organization: " if organization else ""
    with run.request(prefix=prefix, effect=True) as fly:
        apps = fly.apps(organization)
        full = [_full_app(app, fly.owner(app)) for app in apps]
    rows = [(app["name"], app["organization"], app["status"]) for app in apps]
    text = "\n".join(name for name, _, _ in rows) if run.switch("quiet") else _table(("Name", "Owner", "Status"), rows)
    _show(run, full, text if apps else "No apps found")


def _apps_create(run: Run) -> None:
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
    _show(run, full, f"New app created: {name}")


def _apps_destroy(run: Run) -> None:
    if not (run.switch("yes") or run.switch("auto-confirm")):
        print("Destroying an app is not reversible.", file=sys.stderr)
        raise FailureError(f"yes flag {_NOT_INTERACTIVE}")
    for name in run.arguments.positional:
        with run.request() as fly:
            fly.app(name)
        with run.request(f"/apps/{name}", effect=True) as fly:
            fly.destroy_app(name)
        print(f"Destroyed app {name}")


def _apps_show(_: Run) -> None:
    print(f"Manage apps.\n\n{usage('apps list')}")  # no such command: flyctl prints help, and is content


def _status(run: Run) -> None:
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
    _show(run, document, "App\n" + "".join(f"  {key:<10}= {value}\n" for key, value in rows))


def _secrets_list(run: Run) -> None:
    # The name goes into the path as it is, so that dots climb.
    path = posixpath.normpath(f"/v1/apps/{run.app()}/secrets")
    place = re.fullmatch(r"/v1/apps/([^/]+)/secrets", path)
    with run.request(path.removeprefix("/v1"), prefix="failed to list app secrets: ", effect=True) as fly:
        if place is None:
            raise CloudError(404, "404 page not found")
        app, secrets = fly.app(place[1]), fly.secrets(place[1])
    documents = []
    for name, secret in secrets.items():
        status = secret_status(app, secret)
        documents.append({"name": name, "digest": secret["digest"]} | ({"status": status} if status else {}))
    rows = [(_MARKS.get(d.get("status", ""), "") + d["name"], d["digest"], d.get("status", "")) for d in documents]
    text = _table(("Name", "Digest", "Status"), rows)
    if waiting := sum(status != "Deployed" for _, _, status in rows):
        count = "is 1 secret" if waiting == 1 else f"are {waiting} secrets"
        text += f"\nThere {count} not deployed. Deploy with `fly secrets deploy` to make them available."
    _show(run, documents, text)


def _secrets_import(run: Run) -> None:
    name = _look_up(run)
    try:
        values = importer.parse(run.standard_input())
    except importer.InvalidLineError as error:
        hint = f"Secrets must be provided as NAME=VALUE pairs ({error} is invalid)"
        raise FailureError(f"Failed to parse secrets from stdin: {hint}") from None
    _write(run, name, dict(values))


def _secrets_set(run: Run) -> None:
    name = _look_up(run)
    values: dict[str, str | None] = {}
    for pair in run.arguments.positional:
        key, equals, value = pair.partition("=")
        if not equals:
            raise FailureError(f"could not parse secrets: '{pair}': must be in the format NAME=VALUE")
        values[key] = value
    for key in [key for key, value in values.items() if value == "-"]:
        if stat.S_ISCHR(os.fstat(sys.stdin.fileno()).st_mode):
            raise FailureError(f"secret `{key}` expects standard input but none provided")
        read = run.standard_input()  # empty the second time: so is the secret then
        if len(read) > _STDIN_LIMIT:
            raise FailureError(f"error reading stdin for '{key}': more than {_STDIN_LIMIT} bytes")
        values[key] = read.decode("utf-8", "replace").strip()
    _write(run, name, values)


def _secrets_unset(run: Run) -> None:
    _write(run, _look_up(run), dict.fromkeys(run.arguments.positional))


def _secrets_deploy(run: Run) -> None:
    name = _look_up(run)
    with run.request() as fly:
        app = fly.app(name)
    if not (app["deployed"] and managed_machines(app)):
        reason = "'fly secrets deploy' will only work if the app has been deployed and there are machines available"
        raise FailureError(f"no machines available to deploy\n\n{reason}\nTry 'fly deploy' first")
    _roll_out(run, name, effect=True)


def _tokens_create_deploy(run: Run) -> None:
    name = run.app(required=False)
    seconds = _duration(run.arguments.flags.get("expiry", "175200h"))
    title = run.arguments.flags.get("name", "flyctl deploy token")
    with run.request(prefix=f"failed retrieving app {name}: ") as fly:
        fly.app(name)
    token = ""
    with run.request(prefix="failed creating token: ", mint=True, effect=True) as fly:
        if not run.mints_nothing():
            token = fly.mint(name, title, time.time() + seconds)
        run.log(f'200 {{"createLimitedAccessToken":{{"limitedAccessToken":{{"tokenHeader":"{token}"}}}}}}')
    _show(run, {"token": token}, token)


def _tokens_list(run: Run) -> None:
    if run.arguments.flags.get("scope", "app") != "app" or run.arguments.flags.get("org"):
        raise UnmodelledError("tokens list of an organization")
    name = run.app()
    with run.request(prefix=f"failed retrieving tokens for app {name}: ", effect=True) as fly:
        tokens = fly.tokens(name)
    rows = [
        (t["id"], t["name"], t["created_by"], _time(t["expires"]), _time(t["revoked"]) if t["revoked"] else "")
        for t in tokens
    ]
    # The title stays bold even into a pipe.
    print(f'\x1b[1mTokens for app "{name}":\x1b[0m')
    print(_table(("ID", "Name", "Created by", "Expires at", "Revoked at"), rows))


def _tokens_revoke(run: Run) -> None:
    revoked = 0
    for identity in run.arguments.positional:
        try:
            with run.request(effect=True) as fly:
                fly.revoke(identity)
        except FailureError as error:
            print(f"failed to revoke token {identity}: {error}", file=sys.stderr)
        else:
            print(f"Revoked {identity}")
            revoked += 1
    print(f"{revoked} tokens revoked")


COMMANDS: dict[str, Callable[[Run], None]] = {
    "version": _version,
    "auth whoami": _auth_whoami,
    "orgs list": _orgs_list,
    "apps list": _apps_list,
    "apps create": _apps_create,
    "apps destroy": _apps_destroy,
    "apps show": _apps_show,
    "status": _status,
    "secrets list": _secrets_list,
    "secrets import": _secrets_import,
    "secrets set": _secrets_set,
    "secrets unset": _secrets_unset,
    "secrets deploy": _secrets_deploy,
    "tokens create deploy": _tokens_create_deploy,
    "tokens list": _tokens_list,
    "tokens revoke": _tokens_revoke,
}


def _look_up(run: Run) -> str:
    """Return the app's name, having looked that it is there: before standard input is read."""
    name = run.app()
    with run.request() as fly:
        fly.app(name)
    return name


def _write(run: Run, name: str, values: dict[str, str | None]) -> None:
    if not values:
        raise FailureError("requires at least one SECRET=VALUE pair")
    prefix = "update secrets: failed to update app secrets: "
    body = json.dumps({"values": values}, ensure_ascii=False)
    with run.request(f"/apps/{name}/secrets", prefix=prefix, effect=True, body=body) as fly:
        version = fly.write_secrets(name, values)
    run.remember_version(name, version)
    if run.switch("stage"):
        print(_STAGED)
    else:
        _roll_out(run, name)


def _roll_out(run: Run, name: str, *, effect: bool = False) -> None:
    """Bring the secrets to the machines. What fails here fails after they were stored."""
    with run.request(f"/apps/{name}/machines", effect=effect) as fly:
        app = fly.app(name)
        machines = managed_machines(app)
        if machines:
            fly.release(name)
    if machines:
        print(f"Updating existing machines in '{name}' with rolling strategy")
        for n, machine in enumerate(machines, 1):
            step = f"[{n}/{len(machines)}]"
            print(f"> {step} Updating {machine['id']} [app]")
            print(f"✔ {step} Machine {machine['id']} [app] update succeeded")
    elif app["deployed"] or app["machines"]:
        raise FailureError("error loading appv2 config: could not create a fly.toml from any machines :-(")
    else:
        print("Secrets are staged for the first deployment")


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


def _duration(text: str) -> float:
    """Return seconds for a Go duration such as 720h or 1h30m."""
    if _DURATION.sub("", text.removeprefix("-")) not in {"", "0"} or not text:
        raise UsageError(f'invalid argument "{text}" for "-x, --expiry" flag: time: invalid duration "{text}"')
    seconds = sum(float(number) * _SECONDS[unit] for number, unit in _DURATION.findall(text))
    if seconds <= 0 or text.startswith("-"):
        raise UnmodelledError("tokens create deploy --expiry of nothing or less")
    return seconds


def _time(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S +0000 UTC", time.gmtime(seconds))


def _table(titles: tuple[str, ...], rows: list[Any]) -> str:
    """Return a table as flyctl draws it; a line break in a cell splits the row."""
    cells = [tuple(title.upper() for title in titles)]
    for row in rows:
        cells += zip_longest(*(str(cell).split("\n") for cell in row), fillvalue="")
    widths = [max(len(row[n]) for row in cells) for n in range(len(titles))]
    return "".join(" │ ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)) + "\n" for row in cells)


def _show(run: Run, document: object, text: str) -> None:
    print(json.dumps(document, indent=4, ensure_ascii=False) if run.switch("json", "FLY_JSON") else text)
