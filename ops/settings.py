"""Read a stack's settings from its files, for tools that need every name in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from infra.config.load import examine_files
from infra.config.reading import key_of, read_files
from ops.stacks import StackError

if TYPE_CHECKING:
    from infra.config.settings import Settings
    from infra.config.stack_files import StackFiles


def readable(stack: str, files: StackFiles) -> Settings:
    """Return a stack's settings, with a stand-in for each encrypted secret.

    Raises:
        StackError: A value is invalid, or a key that holds no secret has an encrypted value.
    """
    read = read_files(stack, files)
    hidden = sorted(read.unknown - {key_of(problem) for problem in read.problems})
    problems = [*read.problems, *(f"{key} is encrypted, and this tool decrypts nothing" for key in hidden)]
    if problems:
        raise StackError("\n  - ".join([f"The configuration of stack {stack} is not readable:", *problems]))
    return examine_files(stack, files)[0]
