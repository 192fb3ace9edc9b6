"""Tools beside the program: what a person or a workflow runs before and after `pulumi up`."""
