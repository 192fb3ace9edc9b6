"""Cloudflare: Pages projects, R2 buckets with what hangs on them, and account tokens.

Documents, in the spelling of Cloudflare's API:
- ("cloudflare", "account", id): made by the seed. {"github_app": false} says that Pages' GitHub App is missing.
- ("cloudflare", "pages", "account/name").
- ("cloudflare", "bucket", "account/jurisdiction/name"): {…, "objects": n, "cors", "lifecycle", "managed_domain"}.
- ("cloudflare", "token", id): {…, "account_id", "value"}.
"""

from __future__ import annotations

from sandbox.clouds.cloudflare.accounts import account
from sandbox.clouds.cloudflare.projects import create_pages, delete_pages, pages, patch_pages
from sandbox.clouds.cloudflare.r2 import (
    DEFAULT_LIFECYCLE,
    bucket,
    create_bucket,
    delete_bucket,
    set_managed_domain,
    update_bucket,
)
from sandbox.clouds.cloudflare.tokens import (
    PERMISSION_GROUPS,
    create_token,
    delete_token,
    permission_groups,
    token,
    token_missing,
    update_token,
)

__all__ = [
    "DEFAULT_LIFECYCLE",
    "PERMISSION_GROUPS",
    "account",
    "bucket",
    "create_bucket",
    "create_pages",
    "create_token",
    "delete_bucket",
    "delete_pages",
    "delete_token",
    "pages",
    "patch_pages",
    "permission_groups",
    "set_managed_domain",
    "token",
    "token_missing",
    "update_bucket",
    "update_token",
]
