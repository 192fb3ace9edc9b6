"""Measure previews and updates in the sandbox, against an empty program, and write docs/performance.md."""
