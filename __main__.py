"""Entry point, at the top of the tree so that `.venv` and `infra.…` mean the same everywhere."""

from infra.program import main

main()
