"""The made-up credentials that the stand-ins accept, and no real service does."""

# By the variables in which the real clients look for them.
ENVIRONMENT: dict[str, str] = {
    "FLY_API_TOKEN": "sandbox-fly-token",
    "NEON_API_KEY": "sandbox-neon-key",
    "CLOUDFLARE_API_TOKEN": "sandbox-cloudflare-token",
    "GITHUB_TOKEN": "sandbox-github-token",
}
BY_CLOUD = dict(zip(("fly", "neon", "cloudflare", "github"), ENVIRONMENT.values(), strict=True))
FLY_TOKEN, NEON_KEY, CLOUDFLARE_TOKEN, GITHUB_TOKEN = ENVIRONMENT.values()
