"""As in unit tests: in the example's folder, with every credential."""

from tests.unit.conftest import in_example_folder, no_problems

__all__ = ["in_example_folder", "no_problems"]
