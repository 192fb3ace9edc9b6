"""As in unit tests: in the example's folder, with every credential."""

from tests.unit.conftest import in_example_folder, nothing_amiss

__all__ = ["in_example_folder", "nothing_amiss"]
