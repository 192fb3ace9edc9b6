"""Show a preview in a job summary and a pull request's comment."""
