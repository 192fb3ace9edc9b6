"""`make bench`: what a preview and an update cost, beside an empty program's, on this machine.

Runs in the sandbox and writes docs/performance.md. Needs Linux's /proc. See `tests.bench.__main__`.
"""
