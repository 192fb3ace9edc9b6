"""Preview a stack, read the CLI's output, and render it."""
