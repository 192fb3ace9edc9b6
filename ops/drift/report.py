"""Report how a stack's clouds differ from its program."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ops.preview.markdown import Context, summary
from ops.preview.wording import block, code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from infra.checks.findings import Finding
    from ops.preview.reader import Preview


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
        f"- To restore what is written here: `pulumi up --refresh -s {stack}`\n"
        f"- To keep the change: write it into `Pulumi.{stack}.yaml` or the program, then `pulumi refresh -s {stack}`\n"
    )
