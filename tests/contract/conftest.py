"""The program runs here as it does for the unit tests: on the example, with every credential and nothing amiss."""

from tests.unit.conftest import in_example_folder, no_problems

__all__ = ["in_example_folder", "no_problems"]
