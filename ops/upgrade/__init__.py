"""Move pinned versions and write what follows from them."""
