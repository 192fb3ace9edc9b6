"""List what a careless team does to its stacks, for random lives: changed settings, a second stack, edits by hand."""

from __future__ import annotations

from typing import Any

# Settings that a person may change, right or wrong; None removes the key. A dot goes into a group.
CHANGES: tuple[tuple[str, str, Any], ...] = (
    ("production", "adopt", None),
    ("production", "adopt.keep", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL"]),
    ("production", "adopt.keep", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "OAUTH_ENCRYPTION_KEY", "MINE"]),
    ("production", "adopt.pagesProject", None),
    ("production", "manage", ["database", "backend", "delivery"]),
    ("production", "manage", ["storage", "frontend"]),
    ("production", "unprotect", True),
    ("production", "neonProject", "tune-renamed"),
    ("production", "neonRegion", "aws-us-east-1"),
    ("production", "bucket", "tune-renamed"),
    ("production", "extraBuckets", ["tune-covers"]),
    ("production", "rotate", {"storageToken": 1}),
    ("production", "productionBranch", "release"),
    ("production", "githubScope", "environment"),
    ("staging", "manage", ["database"]),
    ("staging", "unprotect", True),
    ("staging", "flyApp", "tune-api"),
    ("staging", "flyApp", "tune-api-next"),
    ("staging", "neonProject", "tune"),
    ("staging", "githubEnvironment", "production"),
    ("staging", "githubScope", "environment"),
    ("staging", "tier", "production"),
    ("staging", "mintDeployToken", True),
    ("staging", "storageFrom", "production"),
    ("staging", "rotate", {"oauthKey": 1}),
    ("dev", "adopt", None),
    ("dev", "unprotect", True),
    ("dev", "neonProject", "tune"),
    ("dev", "historyRetentionSeconds", 0),
)
# A second stack, copied as the README says; the first set is refused.
SECOND: tuple[dict[str, Any], ...] = (
    {"tier": "staging", "manage": ["database", "backend", "delivery"], "neonProject": "tune-qa", "flyApp": "tune-api"},
    {"tier": "staging", "manage": ["database"], "neonProject": "tune-qa"},
    {"tier": "staging", "manage": ["delivery"], "neonProject": "tune-qa", "githubEnvironment": "production"},
    {"tier": "staging", "manage": ["storage", "frontend"], "neonProject": "tune-qa", "bucket": "tune-qa"},
    {"tier": "production", "manage": ["storage", "frontend"], "neonProject": "tune-qa", "previewStack": "staging"},
)
# Edits by hand: the cloud, the kind, the place in the document, and the value there afterwards.
EDITS: tuple[tuple[str, str, str, Any], ...] = (
    ("neon", "project", "name", "by-hand"),
    ("neon", "project", "history_retention_seconds", 3600),
    ("cloudflare", "bucket", "storage_class", "InfrequentAccess"),
    ("cloudflare", "bucket", "cors", []),
    ("cloudflare", "pages", "build_config.build_command", "make"),
    ("cloudflare", "pages", "deployment_configs.production.env_vars.PUBLIC_API_URL.value", "https://by-hand.example"),
    ("cloudflare", "pages", "deployment_configs.preview.env_vars.MINE", {"type": "plain_text", "value": "by hand"}),
    ("cloudflare", "token", "name", "by-hand"),
    ("fly", "secret", "value", "set-by-hand-again"),
    ("github", "environment", "wait_timer", 30),
    ("github", "deployment-policy", "name", "by-hand"),
    ("github", "secret", "value", "set-by-hand-again"),
    ("github", "variable", "value", "set-by-hand-again"),
)
# Deletions by hand, except of objects that a person made.
DELETED: tuple[tuple[str, str], ...] = (
    ("cloudflare", "token"),
    ("fly", "secret"),
    ("github", "deployment-policy"),
    ("github", "environment"),
    ("github", "secret"),
    ("github", "variable"),
)
