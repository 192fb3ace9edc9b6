"""Read what a stack is told: settings, the stack files, and the rules between them."""
