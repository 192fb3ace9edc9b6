"""Find example values of this repository's own stack files, which belong to none of its users.

On real accounts, a stack that kept them would send sign-in tokens to somebody else's host.
"""

from collections.abc import Iterator

from infra.config.settings import Settings
from infra.config.stack_files import StackFiles


def examples_in_use(settings: Settings, files: StackFiles) -> Iterator[tuple[str, str]]:
    """Yield a problem for each example value that the stack would use, and the command that sets another."""
    s, outside = settings, settings.tier != "development"
    rows = [
        ("cloudflareAccountId", "0123456789abcdef0123456789abcdef", s.cloudflare_account_id, outside),
        ("githubOwner", "relay-music", s.github_owner, s.manages("delivery") or s.manages("frontend")),
        ("pagesHost", "relay-4i6.pages.dev", s.pages_host, outside),
        ("bucketPublicHost", "pub-4f1c2d3e4b5a69788796a5b4c3d2e1f0.r2.dev", s.bucket_public_host, outside),
        ("adopt.neonProject", "quiet-meadow-13572468", s.adopt.neon_project, s.manages("database")),
        ("adopt.neonProject", "rough-firefly-24681357", s.adopt.neon_project, s.manages("database")),
    ]
    for key, example, configured, used in rows:
        if used and configured == example:
            file = files.file_of(s.stack, key.partition(".")[0])
            own = f"pulumi config set --path {key} YOURS -s {s.stack}"
            edit = f"sed -i.bak 's/{example}/YOURS/' Pulumi.yaml" if file == "Pulumi.yaml" else own
            early = " In empty accounts, step 2 of the README removes it." if "Host" in key or "adopt" in key else ""
            yield f"{file}: {key} is {example!r}, this repository's example.{early} To set yours:", edit
