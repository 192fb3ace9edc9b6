"""Run the program on the example, with every credential and without any finding, as the unit tests do."""

from tests.unit.conftest import in_example_folder, no_problems

__all__ = ["in_example_folder", "no_problems"]
