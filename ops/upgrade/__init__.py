"""Move pinned versions, and rewrite the files that follow from them."""
