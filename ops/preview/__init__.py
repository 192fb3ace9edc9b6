"""Preview a stack, read what the CLI printed, and render it."""
