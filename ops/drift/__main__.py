"""Compare a stack's clouds with its program, and name credentials that end soon.

It changes nothing. Exit code 0: equal; 1: they differ, or cannot be compared.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ops import stacks
from ops.doctor.stack import live
from ops.drift import credentials
from ops.preview import run
from ops.preview.markdown import Context, summary
from ops.preview.wording import block, code

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from infra.checks.findings import Finding
    from infra.config.settings import Settings
    from ops.preview.reader import Preview

REPORT, STATE = "drift.md", "state.json.enc"
"""The files in the folder: the report, empty if there is nothing to do, and an encrypted copy of the state."""
_ENCRYPT = ("openssl", "enc", "-aes-256-cbc", "-pbkdf2", "-iter", "600000", "-pass", "env:PULUMI_CONFIG_PASSPHRASE")


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare the stack with its clouds, and return the exit code: 1 if they differ or cannot be compared."""
    raw = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("bin/drift", description=__doc__, formatter_class=raw)
    parser.add_argument("stack", type=stacks.stack_name)
    parser.add_argument("folder", type=Path, nargs="?", help="where to keep the report and a copy of the state")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        return _compare(options.stack, options.folder or Path(folder), keep=bool(options.folder))


def _compare(stack: str, folder: Path, *, keep: bool) -> int:
    """Compare the stack with its clouds, write the report, and keep a copy of the state if `keep`.

    Raises:
        StackError: The state cannot be read.
        StackFileError: A stack file cannot be read.
    """
    run.run(stack, folder, refresh=True)
    preview = run.load(stack, folder)
    settings, findings = live(stack) if preview.complete else (None, [])
    drifted = not preview.complete or bool(preview.changes) or any(finding.stops for finding in findings)
    ending = [*_ending(settings, _state(stack, folder if keep else None))] if settings else []
    text = report(stack, preview, findings, ending)
    print(text.rstrip("\n"))
    (folder / REPORT).write_text(text if drifted or ending else "", encoding="utf-8")
    if "GITHUB_STEP_SUMMARY" in os.environ:
        with Path(os.environ["GITHUB_STEP_SUMMARY"]).open("a", encoding="utf-8") as file:
            file.write(text)
    return 1 if drifted else 0


def report(stack: str, preview: Preview, findings: Sequence[Finding] = (), ending: Sequence[str] = ()) -> str:
    """Return the differences in Markdown, with the commands that resolve them; the errors if the preview failed.

    Args:
        stack: The stack's name.
        preview: A preview that read the clouds first.
        findings: Differences that no preview shows.
        ending: A sentence for each credential that ends soon.
    """
    text = summary(preview, Context())
    for finding in findings:
        if finding.state != "ok":
            text += "\n" + block(f"{finding.what}\n→ {finding.fix}" if finding.fix else finding.what)
    if ending:
        text += "\n**Credentials that end soon**\n\n" + block("\n".join(ending))
    if not preview.complete:
        return f"{text}\nThe clouds of {code(stack)} could not be compared.\n"
    if not preview.changes:
        return text
    return (
        f"{text}\nThe clouds of {code(stack)} differ from this commit.\n\n"
        f"- To restore this commit's values: `pulumi up --refresh -s {stack}`\n"
        f"- To keep the change: write it into `Pulumi.{stack}.yaml` or the program, then `pulumi refresh -s {stack}`\n"
    )


def _state(stack: str, folder: Path | None) -> dict[str, Any]:
    """Return the stack's state, and keep a copy in a folder, encrypted with the stack's passphrase.

    The stack's file, which may be public, relies on the same passphrase. Pulumi Cloud needs no passphrase, and keeps
    copies of its own.

    Raises:
        StackError: The state cannot be read, or openssl failed.
    """
    done = stacks.ask("stack", "export", "--stack", stack)
    if done.returncode != 0:
        raise stacks.StackError(f"Reading the state of stack {stack}: {stacks.said(done)}")
    if folder and os.environ.get("PULUMI_CONFIG_PASSPHRASE"):
        command = [*_ENCRYPT, "-out", str(folder / STATE)]
        try:
            subprocess.run(command, input=done.stdout, text=True, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise stacks.StackError(f"Keeping a copy of the state of stack {stack}: {error}") from None
    state: dict[str, Any] = stacks.document(done)
    return state


def _ending(settings: Settings, state: dict[str, Any]) -> Iterator[str]:
    """Yield a sentence for each credential that ends soon; in the sandbox, only for those in the state."""
    now = datetime.now(UTC)
    yield from credentials.in_state(state, now)
    if "RELAY_SANDBOX" not in os.environ:
        yield from credentials.of_process(settings.cloudflare_account_id, now, dict(os.environ))
        if settings.fly_app and settings.manages("backend"):
            for app in (settings.fly_app, *sorted(settings.apps)):
                yield from credentials.of_app(app, now)


if __name__ == "__main__":
    sys.exit(main())
