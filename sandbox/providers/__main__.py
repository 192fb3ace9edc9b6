"""`python -m sandbox.providers --world DIR`: see `sandbox.providers.serve`."""

from __future__ import annotations

import gc

# Whatever is imported stays: looking for garbage meanwhile costs a tenth of the start.
gc.disable()

from sandbox.providers.serve import main  # noqa: E402 -- the collector must be off before

gc.enable()
main()
