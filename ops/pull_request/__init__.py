"""Give each pull request an environment of its own, and take it away again."""
