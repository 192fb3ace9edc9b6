"""Show the existing resources that a stack would make again, and take them over."""
