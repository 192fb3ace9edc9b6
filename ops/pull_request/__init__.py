"""Make and destroy an environment for each pull request."""
