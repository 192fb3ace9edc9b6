"""Run tools beside the program: people and workflows use them before and after `pulumi up`."""
