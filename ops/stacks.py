"""Run the Pulumi CLI for tools: ask it about the project's stacks, or show an update while it runs."""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path
from typing import Any

from infra.errors import UserError
from ops.redact import credentials, redact, redactor

ROOT = Path(__file__).resolve().parent.parent
_OPTIONS = ("PULUMI_OPTION_", "PULUMI_ENABLE_STREAMING_JSON_PREVIEW")


class StackError(UserError):
    """Report a question that the Pulumi CLI did not answer. The message holds the question and the CLI's answer."""


def stack_name(text: str) -> str:
    """Return a stack's name from a command line, as the `type` of an argument.

    Raises:
        argparse.ArgumentTypeError: The text is no name. Pulumi would take an empty text for the selected stack.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no stack's name: use letters, digits, `.`, `_` and `-`")
    return text


def folder() -> Path:
    """Return the folder of the stack files that `pulumi` uses: this project's, or the mirror in the sandbox."""
    world = Path(os.environ.get("RELAY_SANDBOX", ""))
    shim = world / "bin" / "pulumi"
    return world / "mirror" if world.is_absolute() and shutil.which("pulumi") == str(shim) else ROOT


def shown(path: Path) -> str:
    """Return a file's path, relative to the current folder if the file lies below that."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def names(root: Path = ROOT) -> list[str]:
    """Return the stacks that have a file, production first: people set them up in this order."""
    found = {path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in root.glob("Pulumi.*.yaml")}
    found -= {"pr"}  # the template of pull requests' stacks
    order = {"production": 0, "staging": 1, "dev": 3}
    return sorted(found, key=lambda stack: (order.get(stack, 2), stack))


def pull_requests() -> dict[int, dict[str, Any]]:
    """Return the backend's stacks of pull requests by number: `name`, and `lastUpdate` after an update.

    Raises:
        StackError: The CLI cannot be run, or failed.
    """
    done = ask("stack", "ls", "--json", root=folder())
    if done.returncode != 0:
        raise StackError(f"Listing the stacks: {said(done)}")
    listed = ((re.search(r"(?:^|/)pr-([1-9]\d*)$", stack["name"]), stack) for stack in document(done))
    return dict(sorted((int(match[1]), stack) for match, stack in listed if match))


def environment() -> dict[str, str]:
    """Return the CLI's environment, without the user's own options, which would change a tool's result."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OPTIONS)}
    return kept | {"PULUMI_SKIP_UPDATE_CHECK": "true"}


def ask(
    *arguments: str, root: Path = ROOT, timeout: float | None = None, text: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run the Pulumi CLI without questions. A failure of the CLI is an exit code.

    Args:
        arguments: The CLI's arguments.
        root: The folder that the CLI runs in.
        timeout: Seconds in which the CLI must answer.
        text: Its standard input, for a secret: other users see arguments.

    Raises:
        StackError: The CLI cannot be run, or did not answer in time.
    """
    command = ["pulumi", *arguments, "--non-interactive"]
    try:
        return subprocess.run(
            command,
            cwd=root,
            env=environment(),
            input=text,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except OSError as error:
        raise StackError(not_started(error)) from None
    except subprocess.TimeoutExpired:
        raise StackError(f"`pulumi {' '.join(arguments)}` did not answer within {timeout:.0f} s.") from None


def stream(*arguments: str) -> int:
    """Run an update with the Pulumi CLI, print its redacted output while it runs, and return the exit code.

    Raises:
        StackError: The CLI cannot be run.
    """
    clean = redactor(credentials(os.environ))
    flags = ["--yes", "--skip-preview", "--non-interactive", "--suppress-outputs", "--color", "never"]
    try:
        started = subprocess.Popen(
            ["pulumi", *arguments, *flags],  # noqa: S607
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            # The first signal lets the CLI finish its operations, the second kills them: `stop` sends only the first.
            start_new_session=True,
        )
    except OSError as error:
        raise StackError(not_started(error)) from None
    with started as process:

        def stop(*_: object) -> None:
            process.send_signal(signal.SIGINT)

        before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
        for line in process.stdout or ():
            print(clean(line.rstrip("\n")))
    for number, handler in before.items():
        signal.signal(number, handler)
    return process.returncode


def not_started(error: OSError) -> str:
    """Return why the Pulumi CLI cannot be run."""
    if isinstance(error, FileNotFoundError) and shutil.which("pulumi") is None:
        return "`pulumi` is not on PATH: install the Pulumi CLI, or use `bin/sandbox`."
    return f"`pulumi` on PATH cannot be run: {error.strerror}. Install the Pulumi CLI again, or use `bin/sandbox`."


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Return the CLI's error, without this process's credentials."""
    if "must be set for login" in done.stderr:  # with `--non-interactive`, the CLI asks for no login
        return "Pulumi is not logged in. Run `pulumi login`, or set PULUMI_BACKEND_URL."
    return redact(done.stderr.strip(), credentials(os.environ)) or f"`pulumi` ended with exit code {done.returncode}."


def document(done: subprocess.CompletedProcess[str]) -> Any:
    """Return the CLI's answer as JSON.

    Raises:
        StackError: The answer is not JSON.
    """
    try:
        return json.loads(done.stdout)
    except ValueError:
        asked = " ".join(done.args[:3])
        raise StackError(f"`{asked}` answered without JSON: is {shutil.which('pulumi')} the Pulumi CLI?") from None


def outputs(stack: str, root: Path = ROOT) -> dict[str, Any] | None:
    """Return a stack's outputs. Pulumi masks secret outputs.

    Returns:
        The outputs; None for a stack that does not exist yet, or has had no `up`.

    Raises:
        StackError: The CLI cannot be run, or failed for another reason.
    """
    done = ask("stack", "output", "--json", "--stack", stack, root=root)
    if done.returncode != 0:
        if "no stack named" in done.stderr:
            if stack in names(root):
                return None
            raise StackError(f"There is neither a stack {stack} nor its file. Stack files: {', '.join(names(root))}.")
        raise StackError(f"Reading the outputs of stack {stack}: {said(done)}")
    return document(done) or None
