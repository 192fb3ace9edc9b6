"""README.md: every command in it is run in the sandbox, in its order and in one world, or named with why it is not.

The world is that of the example project, so that names in `Pulumi*.yaml` can be a team's own.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.engine.conftest import ROOT, held

if TYPE_CHECKING:
    from tests.engine.conftest import Sandbox

PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
_PROGRAMS = ("pulumi", "bin/", "make", "flyctl", "gh", "cp", "git")

ELSEWHERE = {
    "pulumi install": "fetches from an index what bin/setup has installed; both read the same pins (test_doctor.py)",
    "make sandbox": "the `up` of the three stacks, as test_environments.py brings them up, and bin/environments below",
    "make test": "is what runs this",
    "flyctl auth login": "opens a browser; the stand-in is logged in",
    "flyctl tokens create org": "a credential for a real organization; the stand-in has deploy tokens",
    "gh release create v1.2.3": "runs a workflow of the application's repository, which test_workflows.py looks at",
    "bin/handoff": "writes deploy/, in a folder of its own: test_handoff.py",
    "gh workflow run deploy-production.yml --ref v1.2.2": "likewise",
    "bin/sandbox": "not a command: what stands before one",
}
"""Commands that are not run here, and why."""

IN_THE_SANDBOX = {
    "pulumi preview -s production --diff": "(import)",
    "pulumi up -s staging --yes --skip-preview": "unchanged",
    "show": "tune-api-staging",
}
"""What stands there with `bin/sandbox` before it, and what it says."""


def commands() -> list[str]:
    """Return each command of the page: lines of shell blocks, and code in the text that begins with a program."""
    found = []
    for block, code in re.findall(r"^```sh\n(.*?)^```|`([^`\n]+)`", PAGE, re.MULTILINE | re.DOTALL):
        lines = [re.sub(r"\s{2,}# .*$", "", line) for line in block.splitlines()]
        found += lines or ([code] if code.startswith(_PROGRAMS) else [])
    return [command for command in found if command]


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


class Walk:
    """A walk through the page.

    Attributes:
        left: The commands that were neither run nor named yet.
    """

    def __init__(self) -> None:
        self.left = commands()

    def take(self, command: str) -> None:
        """Count a command as done."""
        assert command in self.left, f"{command!r} does not stand in README.md (any more), or not as often"
        self.left.remove(command)

    def run(self, sandbox: Sandbox, command: str, *, given: str = "", preview: bool = False) -> str:
        """Run a command as it stands, in a shell, and return what it said.

        Args:
            sandbox: Where.
            command: The command.
            given: Its standard input.
            preview: Whether an `up` or a `destroy` begins with the preview that a person is shown. It takes as long as
                the rest, and is the same every time.
        """
        self.take(command)
        if not preview:
            command = re.sub(r"^pulumi (up|destroy)\b", r"\g<0> --skip-preview", command)
        given = f"printf %s {given} | " if given else ""
        done = sandbox.run("sh", "-c", f"export PULUMI_SKIP_CONFIRMATIONS=true; {given}{command}")
        return done.stdout + done.stderr


def made_anew(sandbox: Sandbox, stack: str) -> None:
    """Take a stack away that the sandbox has made already, for `pulumi stack init`."""
    sandbox.pulumi("stack", "rm", "--stack", stack, "--force", "--yes", "--preserve-config")


def test_every_command(team: Sandbox) -> None:
    walk = Walk()
    for command in ELSEWHERE:
        walk.take(command)
    walk.take("bin/sandbox --reset")
    team.run("--reset")
    with held(team) as opened:
        assert "Logged in" in walk.run(opened, "pulumi login")
        made_anew(opened, "staging")
        walk.run(opened, "pulumi stack init staging")
        walk.run(opened, "pulumi config set --secret storageAccessKeyId -s staging", given="a" * 32)
        walk.run(opened, "pulumi config set --secret storageSecretAccessKey -s staging", given="b" * 64)
        assert "Stack staging" in walk.run(opened, "make doctor")
        said = walk.run(opened, "pulumi up -s staging", preview=True)
        assert "To finish:" in said
        assert "Live from its next deploy" in said

        for command, told in IN_THE_SANDBOX.items():
            walk.take(f"bin/sandbox {command.removesuffix(' --skip-preview')}")
            assert told in team.run(*command.split()).stdout

        walk.run(opened, "pulumi up -s dev")
        walk.run(opened, "pulumi stack output dotenv --show-secrets -s dev > .env")
        assert "DATABASE_URL=" in (team.project / ".env").read_text()
        walk.take("pulumi preview -s production --diff")  # which was run above, with what stands there before it
        walk.run(opened, "pulumi config set --secret --path extraSecrets.STRIPE_KEY -s staging", given="sk_made_up")
        assert "STRIPE_KEY" in walk.run(opened, "pulumi up -s staging")
        assert "https://tune-api-staging.fly.dev" in walk.run(opened, "bin/environments")

    walk.run(team, "cp Pulumi.staging.yaml Pulumi.qa.yaml")
    copy = team.project / "Pulumi.qa.yaml"
    copy.write_text(re.sub(r"(tune(-api)?)-staging", r"\1-qa", copy.read_text()))
    with held(team) as opened:
        made_anew(opened, "qa")
        walk.run(opened, "pulumi stack init qa")
        assert "https://tune-api-qa.fly.dev" in walk.run(opened, "pulumi up -s qa")

        refused = opened.pulumi("destroy", "--stack", "staging", "--yes", check=False)
        assert refused.returncode != 0
        walk.run(opened, "pulumi config set unprotect true -s staging")
        walk.run(opened, "pulumi up -s staging")
        walk.run(opened, "pulumi destroy -s staging")
    with team.world.transaction() as tx:
        assert {app["name"] for app in tx.list("fly", "app").values()} == {"tune-api", "tune-api-qa"}
    assert walk.left == []


def test_the_page_is_two_screens() -> None:
    assert len(PAGE.splitlines()) <= 120


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", PAGE):
        assert target.startswith("https://") or (ROOT / target).exists(), target
