"""Build the Pulumi engine on machines without Pulumi's CLI, and run Python programs for it.

Only the engine built here uses the programs in `path/`. An official CLI has both of its own.
"""
