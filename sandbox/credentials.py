"""Name the made-up credentials that the stand-ins accept and no real service does."""

_VARIABLES = ("FLY_API_TOKEN", "NEON_API_KEY", "CLOUDFLARE_API_TOKEN", "GITHUB_TOKEN")
# By the environment variables of the real clients.
ENVIRONMENT = {name: f"sandbox-{name.lower().replace('_', '-')}" for name in _VARIABLES}
BY_CLOUD = dict(zip(("fly", "neon", "cloudflare", "github"), ENVIRONMENT.values(), strict=True))
FLY_TOKEN, NEON_KEY, CLOUDFLARE_TOKEN, GITHUB_TOKEN = ENVIRONMENT.values()
