"""Hold the prices of the environments, for `bin/environments` and comments. docs/costs.md explains them."""

from __future__ import annotations

FLY_MACHINE = 5.0
"""US dollars a month for a shared-cpu-1x machine with 1 GB that never stops (Fly.io's pricing page, rounded)."""
R2_STORED = 0.16
"""US dollars a month for the audio stored today, beyond the free 10 GB (Cloudflare's pricing page)."""

BASIS = (
    f"Basis: Fly shared-cpu-1x with 1 GB running all month, about ${FLY_MACHINE:.0f}; R2 about "
    f"${R2_STORED:.2f} for the audio stored today; Neon and Cloudflare Pages on their free plans."
)


def monthly(*, app: bool, bucket: bool) -> float:
    """Return an environment's cost a month, in US dollars.

    Args:
        app: Whether the environment has a Fly app.
        bucket: Whether the environment owns the bucket.
    """
    return (FLY_MACHINE if app else 0) + (R2_STORED if bucket else 0)
