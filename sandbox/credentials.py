"""The made-up credentials that the stand-ins accept, and no real service does."""

from __future__ import annotations

FLY_TOKEN = "sandbox-fly-token"  # noqa: S105 -- made up
NEON_KEY = "sandbox-neon-key"
CLOUDFLARE_TOKEN = "sandbox-cloudflare-token"  # noqa: S105 -- made up
GITHUB_TOKEN = "sandbox-github-token"  # noqa: S105 -- made up

# The variables in which the real clients look for them.
ENVIRONMENT: dict[str, str] = {
    "FLY_API_TOKEN": FLY_TOKEN,
    "NEON_API_KEY": NEON_KEY,
    "CLOUDFLARE_API_TOKEN": CLOUDFLARE_TOKEN,
    "GITHUB_TOKEN": GITHUB_TOKEN,
}
