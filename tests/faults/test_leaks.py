"""Hunt for secrets outside of their places: in all that every verb, also one that fails, prints, starts and writes."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest
import yaml

from sandbox.credentials import ENVIRONMENT
from tests.conftest import FULL
from tests.engine.clouds import objects
from tests.engine.processes import KINDS
from tests.engine.sandboxes import ROOT, Sandbox, copied, held
from tests.faults.hunt import Hunt, encrypted, spellings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

PASSPHRASE = "canary-passphrase-J3vQ8s"
PEM = "-----BEGIN KEY-----\nCanaryPem1/+a=#\"'\nCanaryPem2 ü zz%41\n-----END KEY-----\n"
# By stack. Each with characters that its spellings differ in, where its rules let it.
CANARIES = {
    "production": {
        "logfireToken": "pylf_v1_us_CanaryLogfireProduction0123",
        "neonRestoreKey": "napi_CanaryRestoreKeyProduction012345",
        "extraSecrets.CANARY_PEM": PEM,
        "extraSecrets.CANARY_URL": "amqp://canary:CanaryBroker&?0%@broker.example",
    },
    "dev": {
        "storageAccessKeyId": "CanaryAccessKeyIdOfDev0123456789",
        "storageSecretAccessKey": "CanarySecretAccessKeyOfDev+/0123456789",
        "logfireToken": "pylf_v1_us_CanaryLogfireOfDev0123456",
    },
}
DEPLOY_TOKEN = "FlyV1 fm2_CanaryGivenDeployToken,fm2_CanarySecondHalf"
# Secrets on Fly by their place alone: everybody may know these.
PUBLIC = ("ATPROTO_", "FRONTEND_", "LOGFIRE_ENABLED", "LOGFIRE_ENVIRONMENT")
# The hunt must have seen these processes.
SEEN = ("engine", "language host", "program", "dynamic provider", "stand-ins")
QUOTED = re.compile(r"password of \S+ \d+ \(plain\): temporary file \S+/preview\.json")
# In place of `__main__.py`: a crash in a function whose argument holds every secret.
CRASHING = """\
import pulumi
from infra.parts import laptop
from infra.program import main

dotenv = laptop.dotenv
laptop.dotenv = lambda values: 1 // ("DATABASE_URL" not in values) and dotenv(values)
pulumi.run(main)
"""


class Hunted:
    """A sandbox with a canary in every secret, and the hunt in it."""

    def __init__(self, sandbox: Sandbox, aside: Sandbox, folder: Path, launcher: Path) -> None:
        """Prepare.

        Args:
            sandbox: Where what is watched is run.
            aside: The same, held open for what is not.
            folder: Is given the folders for temporary files and the home of what is watched.
            launcher: Runs a command with the passphrase in its environment.
        """
        self.sandbox = sandbox
        self._aside = aside
        self.found = folder / "found"
        self._stacks: list[str] = []
        self._ids: set[str] = set()  # of tokens: half of an S3 key, and no secret
        self.secrets: dict[str, str] = {"passphrase": PASSPHRASE}
        self._launcher = str(launcher)
        self.hunt = Hunt(sandbox, folder, {**ENVIRONMENT, "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE})
        self.secrets |= ENVIRONMENT
        for stack, canaries in CANARIES.items():
            self.begin(stack, canaries)

    def __call__(self, *command: str, stdin: str = "", keep: bool = True, code: int | None = 0) -> str:
        """Run a command, watched, and return what it says; `code` None stands for any failure."""
        done = self.hunt.run(self._launcher, *command, stdin=stdin, keep=keep)
        said = done.stdout + done.stderr
        assert done.returncode == code if code is not None else done.returncode != 0, said
        self._learn()
        return said

    def pulumi(self, *command: str, keep: bool = True, code: int | None = 0) -> str:
        """Run `pulumi`, watched."""
        return self("pulumi", *command, "--color", "never", "--non-interactive", keep=keep, code=code)

    def hits(self) -> list[str]:
        """Search everything there is."""
        self.hunt.add_files(self.sandbox.folder, self.hunt.temporary, self.hunt.home, self.found)
        self.hunt.add_flyctl()
        for stack in self._stacks:
            done = self._aside.run(self._launcher, "pulumi", "stack", "export", "--show-secrets", "--stack", stack)
            for number, text in enumerate(sorted(set(encrypted(json.loads(done.stdout))))):
                public = text.startswith(("http", "^http", "app.")) or text in self._ids
                if len(text) >= 16 and not public:
                    self.secrets.setdefault(f"state of {stack}, {number}", text)
        return self.hunt.hits(self.secrets)

    def set(self, stack: str, key: str, value: str, *flags: str) -> None:
        """Set a setting, unwatched."""
        self._aside.run(self._launcher, "pulumi", "config", "set", "--stack", stack, "--path", *flags, key, value)

    def no_more_faults(self) -> None:
        """Let every call go well again."""
        with self.sandbox.world.transaction() as tx:
            tx._connection.execute("DELETE FROM faults")

    def begin(self, stack: str, canaries: Mapping[str, str]) -> None:
        """Make a stack again with a passphrase of its own, and give it its canaries."""
        self._stacks.append(stack)
        self._aside.run("pulumi", "stack", "rm", "--yes", "--preserve-config", stack)
        path = self.sandbox.folder / "mirror" / f"Pulumi.{stack}.yaml"
        text = yaml.safe_load(path.read_text())
        plain = {key: value for key, value in text["config"].items() if "secure" not in json.dumps(value)}
        path.write_text(yaml.safe_dump({"config": plain}))
        self._aside.run(self._launcher, "pulumi", "stack", "init", stack, "--no-select")
        pairs = [part for key, value in canaries.items() for part in ("--secret", f"relay:{key}={value}")]
        self._aside.run(self._launcher, "pulumi", "config", "set-all", "--path", "--stack", stack, *pairs)
        self.secrets |= {f"{stack} {key}": value for key, value in canaries.items()}

    def _learn(self) -> None:
        """Take up every secret that is in a cloud by now."""
        clouds = objects(self.sandbox)
        values = {
            key: secret["value"]
            for kind in ("fly secret", "github secret")
            for key, secret in clouds[kind].items()
            if not key.rpartition("/")[2].startswith(PUBLIC)
        }
        values |= {f"password of {key}": project["password"] for key, project in clouds["neon project"].items()}
        for key, token in clouds["cloudflare token"].items():
            values |= {
                f"token {key}": token["value"],
                f"key {key}": hashlib.sha256(token["value"].encode()).hexdigest(),
            }
        self._ids |= clouds["cloudflare token"].keys()
        known = {*self.secrets.values(), *self._ids}
        self.secrets |= {f"{key} {len(self.secrets)}": value for key, value in values.items() if value not in known}


@pytest.fixture
def hunted(prepared: dict[bool, Sandbox], tmp_path: Path) -> Iterator[Hunted]:
    launcher = tmp_path / "with-passphrase"
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    launcher.write_text(
        f"#!/bin/sh\nPULUMI_CONFIG_PASSPHRASE=$(cat '{tmp_path}/passphrase')\n"
        'export PULUMI_CONFIG_PASSPHRASE\nexec "$@"\n'
    )
    launcher.chmod(0o755)
    sandbox = copied(prepared[True], tmp_path / "world")
    with held(sandbox) as aside:
        yield Hunted(sandbox, aside, tmp_path, launcher)


def test_no_secret_gets_out(hunted: Hunted, tmp_path: Path, record_property: Callable[[str, object], None]) -> None:
    pulumi, world = hunted.pulumi, hunted.sandbox.world
    found = str(hunted.found)
    for key in ("mintDeployToken", "unprotect"):
        hunted.set("production", key, "true", "--plaintext")

    # First a preview that a pull request tells of, then what makes the secrets.
    hunted(str(ROOT / "bin" / "preview"), "production", found)
    assert "to create" in hunted(str(ROOT / "bin" / "comment"), "production", found)
    pulumi("up", "--stack", "production", "--yes", "--skip-preview")
    pulumi("stack", "export", "--stack", "production")
    pulumi("stack", "output", "--json", "--stack", "production")

    # An `up` that fails twice over: flyctl repeats its input and the token, GitHub the value it was sent.
    hunted.set("production", "mintDeployToken", "false", "--plaintext")
    hunted.secrets["flyDeployToken"] = DEPLOY_TOKEN
    hunted("pulumi", "config", "set", "--secret", "flyDeployToken", "--stack", "production", stdin=DEPLOY_TOKEN)
    hunted.secrets["second"] = 'CanarySecondValue#"0123456789'
    hunted.set("production", "extraSecrets.CANARY_URL", hunted.secrets["second"], "--secret")
    world.inject("fly", "secrets import", "exit1", times=9)
    world.inject("github", "environment-secret.update", f"422: the value {DEPLOY_TOKEN} is not valid", times=9)
    said = pulumi("up", "--stack", "production", "--yes", "--skip-preview", "--continue-on-error", code=None)
    assert "request refused" in said
    assert "is not valid" in said

    hunted.no_more_faults()

    # On a laptop: what is asked for is given, and nothing else.
    pulumi("up", "--stack", "dev", "--yes", "--skip-preview")
    pulumi("stack", "output", "--stack", "dev")
    asked_for = pulumi("stack", "output", "dotenv", "--show-secrets", "--stack", "dev", keep=False)

    if FULL:
        _everything_else(hunted)

    hits = hunted.hits()
    seen = hunted.hunt.seen
    record_property("hunt", dict(seen) | {"hits": len(hits)})
    print(*hits, dict(seen), sep="\n")
    # A provider's error is quoted in the folder that bin/drift removes, and nowhere in its output.
    assert [hit for hit in hits if not (FULL and QUOTED.fullmatch(hit))] == []

    # The hunt was where it says that it was, and it finds what is there.
    assert [kind for kind in SEEN if not any(re.search(KINDS[kind], command) for command in hunted.hunt.commands)] == []
    assert any("flyctl-" in path for path in hunted.hunt.temporary_files)
    assert seen["runs of flyctl"] >= 5
    hunted.hunt.add("dotenv, asked for", asked_for.encode())
    hits = hunted.hunt.hits(hunted.secrets)
    assert {hit.partition(" (")[0] for hit in hits} >= {f"dev {key}" for key in CANARIES["dev"] if "log" not in key}
    assert all(hit.endswith(": dotenv, asked for") or QUOTED.fullmatch(hit) for hit in hits)


def _everything_else(hunted: Hunted) -> None:
    """Go through the other verbs and failures."""
    pulumi, world = hunted.pulumi, hunted.sandbox.world
    drift = (str(ROOT / "bin" / "drift"), "production")
    production = ("--stack", "production")
    pulumi("preview", "--diff", *production)
    # As events, the engine may tell the stack's secret outputs in clear, which is its own doing: see docs/delivery.md.
    pulumi("up", "--yes", "--json", "--skip-preview", *production, keep=False)

    # Another stack takes the bucket's keys from production's state.
    hunted.begin("staging", {"flyDeployToken": "FlyV1 fm2_CanaryOfStaging,fm2_CanaryOfStaging2"})
    hunted.set("staging", "storageFrom", "production", "--plaintext")
    pulumi("up", "--yes", "--skip-preview", "--stack", "staging")
    pulumi("preview", "--diff", "--stack", "staging")

    # Looks, and what people ask for when something is wrong.
    for command in (("doctor",), ("environments",), ("environments", "--format", "json"), ("recover", "production")):
        hunted(str(ROOT / "bin" / command[0]), *command[1:])
    for verb in (("stack",), ("stack", "history"), ("config",), ("stack", "output"), ("stack", "ls", "--json")):
        pulumi(*verb, *(production if verb[-1] != "--json" else ()))
    pulumi("refresh", "--yes", "--diff", *production)

    # A provider's error quotes what was made, not configured: Pulumi does not know that text for a secret.
    (password,) = (
        project["password"] for project in objects(hunted.sandbox)["neon project"].values() if project["name"] == "tune"
    )
    world.inject("neon", "project.read", f"400: the password {password} is not valid")
    assert "is not valid" in hunted(*drift, code=1)
    world.inject("fly", "secrets list", "exit1", times=9)
    assert "request refused" in hunted(*drift, code=1)
    hunted.no_more_faults()
    pulumi("cancel", "--yes", *production)

    # Values that are refused.
    for key, value in {
        "storageAccessKeyId": "CanaryTooSho",
        "extraSecrets.CANARY_BAD": "CanaryBad\rReturn\nCanaryBadNext",
    }.items():
        hunted.secrets[f"refused {key}"] = value
        hunted.set("staging", key, value, "--secret")
    assert "problem" in pulumi("preview", "--stack", "staging", code=None)

    # A password that no URL can hold, and a crash where every secret is a local variable.
    with world.transaction() as tx:
        for key, project in tx.list("neon", "project").items():
            tx.put("neon", "project", key, {**project, "password": "npg_Canary%2FPercentPassword"})
    pulumi("refresh", "--yes", *production)
    assert "alembic" in pulumi("preview", *production, code=None)
    program = hunted.sandbox.folder / "mirror" / "__main__.py"
    program.unlink()
    program.write_text(CRASHING)
    assert "ZeroDivisionError" in pulumi("preview", "--stack", "dev", code=None)
    program.unlink()
    program.symlink_to(ROOT / "__main__.py")

    pulumi("destroy", "--yes", "--stack", "dev")
    pulumi("destroy", "--yes", *production)


@pytest.mark.parametrize("spelling", sorted(spellings(PEM)))
def test_every_spelling_is_found(spelling: str, tmp_path: Path) -> None:
    hunt = Hunt(Sandbox(ROOT, tmp_path), tmp_path, {})
    hunt.add("planted", b"before " + spellings(PEM)[spelling] + b" after")
    assert hunt.hits({"key": PEM})
    assert not hunt.hits({"another": PEM[::-1]})
