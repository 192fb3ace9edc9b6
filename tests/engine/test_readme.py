"""Walk README.md: every command in it runs in the sandbox, or the test says why it does not.

The files are those of the example project, so that a team can put its own names into the committed ones.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from infra.config.load import examine_files
from infra.config.stack_files import read_stack_files
from ops.handoff.facts import facts
from sandbox.world import pages_builds
from tests.engine import pages
from tests.engine.clouds import objects
from tests.engine.sandboxes import ROOT, held

if TYPE_CHECKING:
    from pathlib import Path

    from tests.engine.sandboxes import Sandbox

PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
_FIRST_HOUR = "On your own accounts"
FIRST_HOUR = pages.sections(PAGE)[_FIRST_HOUR]

ELSEWHERE = {
    "make sandbox": "the `up` of the three stacks, as test_environments.py brings them up, and bin/environments",
    "make test": "is what runs this",
    "flyctl auth login": "opens a browser; the stand-in is logged in",
    "flyctl tokens create org": "a credential for a real organization; the stand-in has deploy tokens",
    "gh release create v1.2.3": "runs a workflow of the application's repository, which test_workflows.py looks at",
    "gh workflow run deploy-production.yml --ref v1.2.2": "likewise",
    "bin/handoff ../relay": "writes into the application's repository: test_handoff.py",
    "bin/sandbox": "not a command: what stands before one",
    "pulumi install": "named where uv is answered: test_supply.py looks at what it installs",
}
"""Commands that do not run here, and why."""

IN_THE_SANDBOX = {
    "pulumi preview -s production --diff": "(import)",
    "pulumi up -s staging --yes --skip-preview": "created",
    "show": "tune-api-staging",
}
"""Commands that README shows with `bin/sandbox` before them, and a part of their output."""


@pytest.fixture
def team(checkout: Sandbox) -> Sandbox:
    """A sandbox for the example project, in a folder with a space, whose files may be changed."""
    for path in checkout.project.glob("Pulumi*.yaml"):
        path.unlink()
    for path in (ROOT / "tests" / "example").glob("Pulumi*.yaml"):
        shutil.copy(path, checkout.project)
    for name in ("Makefile", "requirements.txt", "requirements.lock"):
        (checkout.project / name).symlink_to(ROOT / name)
    return checkout


def test_the_first_hour(team: Sandbox) -> None:
    """From nothing to staging: few edits, few commands, no example's value, and nothing run twice without a reason."""
    keys, commands = _fill_in(team), pages.commands(FIRST_HOUR)
    assert len(commands[: commands.index("pulumi up -s staging") + 1]) <= 7  # eight with `git clone`
    said = _walk(team, commands[1:], unchanged=("production", "staging"))
    assert len(keys) + len(["YOURS"]) <= 8
    assert "FLY_API_TOKEN is not set" in said[-1]
    _require_frontends(team)


@pytest.mark.full
def test_staging_comes_first_and_alone(team: Sandbox) -> None:
    """The same commands in another order: staging says what it comes up without, and has it after production."""
    _fill_in(team)
    production, staging, adopt = "production", "staging", "bin/adopt production --write"
    init = {stack: f"pulumi stack init {stack}" for stack in (production, staging)}
    up = {stack: f"pulumi up -s {stack}" for stack in (production, staging)}
    assert {*init.values(), *up.values(), adopt} < {*pages.commands(FIRST_HOUR)}
    order = [init[staging], up[staging], init[production], up[production], adopt, up[staging]]
    said = _walk(team, order)
    for text in ("bucketPublicHost is missing", "pagesHost is missing", "staging comes up without the bucket's keys"):
        assert [number for number, output in enumerate(said) if text in output] == [1]
    _require_frontends(team)


def _fill_in(team: Sandbox) -> list[str]:
    """Give the stack files a team's values, as the page says; return the keys of Pulumi.yaml that it names."""
    (step,) = re.findall(r"^\*\*2\. .*?(?=^\*\*3\.)", FIRST_HOUR, re.MULTILINE | re.DOTALL)
    keys = re.findall(r"`([a-z]+[A-Z]\w*)`", step)
    _edit(team.project / "Pulumi.yaml", keys)
    (edit, *_) = pages.commands(FIRST_HOUR)
    pages.Walk(team, f"```sh\n{edit}\n```").run(edit, names={"relay-api": "tune-api", "YOURS": "made-up"})
    team.run("--reset", "--empty")
    return keys


def _walk(team: Sandbox, commands: list[str], *, unchanged: tuple[str, ...] = ()) -> list[str]:
    """Run commands, and return the output of each; at the end the stacks that are named have nothing left to do."""
    with held(team) as opened:
        said = [pages.Walk(opened, f"```sh\n{command}\n```").run(command) for command in commands]
        for stack in unchanged:
            opened.assert_unchanged(stack)
    return said


def _require_frontends(team: Sandbox) -> None:
    """See that users land on deployments that Pages has once the workflows ran, and that CORS admits these alone."""
    clouds = objects(team)
    ((_, project),) = clouds["cloudflare pages"].items()
    ((_, bucket),) = clouds["cloudflare bucket"].items()
    ((token, _),) = clouds["cloudflare token"].items()
    urls = {}
    for handed in facts(team.folder / "mirror"):  # what the workflows are written from
        branch = handed["frontend_branch"]
        with team.world.transaction() as tx:
            pages_builds.build(tx, project["account_id"], project["name"], branch=branch, commit="c0ffee")
            (made, *_) = pages_builds.builds(tx, project["account_id"], project["name"])
        alias = "" if made["environment"] == "production" else f"{branch}."
        urls[handed["stack"]] = f"https://{alias}{project['subdomain']}"
    for stack, app in (("production", "made-up"), ("staging", "made-up-staging")):
        secrets = {key: clouds["fly secret"][f"{app}/{key}"]["value"] for key in _OF_A_FRONTEND}
        assert secrets["FRONTEND_URL"] == urls[stack]
        assert secrets["AWS_ACCESS_KEY_ID"] in token
        strangers = ["https://relay-4i6.pages.dev", f"https://{project['subdomain']}.evil.example"]
        admitted = {url for url in (*urls.values(), *strangers) if re.fullmatch(secrets[_OF_A_FRONTEND[-1]], url)}
        assert admitted == {urls[stack]}
    assert {*bucket["cors"][0]["allowed"]["origins"]} == {*urls.values(), "http://localhost:5173"}


_OF_A_FRONTEND = ("FRONTEND_URL", "AWS_ACCESS_KEY_ID", "FRONTEND_CORS_ORIGIN_REGEX")


def _edit(path: Path, keys: list[str]) -> None:
    """Give keys of Pulumi.yaml a team's values, as a person does who leaves the rest of the file as it is."""
    text = path.read_text(encoding="utf-8")
    for key in keys:
        value = {"cloudflareAccountId": "a" * 32, "neonOrganizationId": "org-made-up-1"}.get(key, "made-up")
        line = f"  {key}: {{type: string, default: {value}}}"
        text = re.sub(rf"^  {key}: .*$", line, text, flags=re.MULTILINE) if f"\n  {key}:" in text else f"{text}{line}\n"
    path.write_text(text, encoding="utf-8")


def test_every_other_command(team: Sandbox) -> None:
    text = "".join(f"## {title}\n{part}" for title, part in pages.sections(PAGE).items() if title != _FIRST_HOUR)
    with pages.Walk(team, text, inline=True) as walk:
        for command in ELSEWHERE.keys() & set(walk.left):
            walk.left.remove(command)
        walk.take("bin/sandbox --reset")
        team.run("--reset")
        with held(team) as opened:
            for command, told in IN_THE_SANDBOX.items():
                walk.take(f"bin/sandbox {command.removesuffix(' --skip-preview')}")
                assert told in team.run(*command.split()).stdout
            walk.run("pulumi up -s dev", sandbox=opened)
            walk.run("pulumi stack output dotenv --show-secrets -s dev > .env", sandbox=opened)
            assert "DATABASE_URL=" in (team.project / ".env").read_text()
            walk.take("pulumi preview -s production --diff")  # ran above, with what stands there before it
            walk.run("pulumi config set --secret --path extraSecrets.STRIPE_KEY", given="sk_made_up", sandbox=opened)
            assert "STRIPE_KEY" in walk.run("pulumi up -s staging", sandbox=opened)
            table = walk.run("bin/environments --format markdown", sandbox=opened)
            assert "https://tune-api-staging.fly.dev" in walk.run("bin/environments", sandbox=opened)

        walk.run("cp Pulumi.staging.yaml Pulumi.qa.yaml")
        copy = team.project / "Pulumi.qa.yaml"
        copy.write_text(re.sub(r"(tune(-api)?)-staging", r"\1-qa", copy.read_text()))
        with held(team) as opened:
            walk.run("pulumi stack init qa", sandbox=opened)
            assert "https://tune-api-qa.fly.dev" in walk.run("pulumi up -s qa", sandbox=opened)
            walk.run("pulumi config set unprotect true -s staging", sandbox=opened)
            walk.run("pulumi up -s staging", sandbox=opened)
            walk.run("pulumi destroy -s staging", sandbox=opened)
        walk.run("sed ", names={"NAME": "notes"})
    assert {app["name"] for app in objects(team)["fly app"].values()} == {"tune-api", "tune-api-qa"}
    printed, shown = (re.findall(r"^\| (\w[\w ]*?) +\| ", part, re.MULTILINE) for part in (table, PAGE))
    assert printed
    assert [title for title in shown if title in printed] == printed
    content = (team.project / "Pulumi.yaml").read_text()
    (team.project / "Pulumi.yaml").write_text(content.replace("name: relay", "name: notes"))
    files = read_stack_files(team.project)
    assert examine_files("production", files)[1] == []
