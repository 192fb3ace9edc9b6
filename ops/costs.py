"""Hold the prices of the environments, for `bin/environments` and docs/costs.md."""

from __future__ import annotations

from math import ceil, floor

from ops.stacks import ROOT

FLY_MACHINE = 5.0
"""US dollars a month for a shared-cpu-1x machine with 1 GB that never stops (Fly.io's pricing page, rounded)."""
R2_STORED = 0.16
"""US dollars a month for the audio stored today."""
# US dollars a month for each GB beyond the free GBs, and the number of free GBs (Cloudflare's pricing page).
_R2_PER_GB, _R2_FREE_GB = 0.015, 10

BASIS = (
    f"Basis: Fly shared-cpu-1x with 1 GB running all month, about ${FLY_MACHINE:.0f}; R2 about "
    f"${R2_STORED:.2f} for the audio stored today; Neon and Cloudflare Pages on their free plans."
)


def monthly(*, app: bool, bucket: bool) -> float:
    """Return an environment's cost a month, in US dollars.

    Args:
        app: Whether it has a Fly app.
        bucket: Whether it owns the bucket.
    """
    return (FLY_MACHINE if app else 0) + (R2_STORED if bucket else 0)


def render() -> str:
    """Return docs/costs.md."""
    production, staging = monthly(app=True, bucket=True), monthly(app=True, bucket=False)
    return (
        (ROOT / "ops" / "docs" / "costs.md")
        .read_text(encoding="utf-8")
        .format(
            fly=FLY_MACHINE,
            r2=R2_STORED,
            r2_per_gb=_R2_PER_GB,
            r2_free_gb=_R2_FREE_GB,
            ten_gb=10 * _R2_PER_GB,
            production=production,
            staging=staging,
            low=floor(production + staging),
            high=ceil(production + staging),
            low_before=floor(production),
            high_before=ceil(production),
        )
    )
