"""Show the existing resources that a stack would make again, and write the settings that import them."""
