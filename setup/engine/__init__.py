"""The Pulumi engine for machines without Pulumi's CLI: its build, and the helpers a CLI brings along.

`path/` goes on PATH only with the self-built engine; an official CLI brings its own of both programs there.
"""
