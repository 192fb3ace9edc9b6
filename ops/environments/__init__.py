"""Print the environments from the stacks' real outputs."""
