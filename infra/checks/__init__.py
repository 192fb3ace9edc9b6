"""Check before an `up` that a run can start."""
