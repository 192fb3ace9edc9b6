"""No text from outside commands a workflow's runner or a terminal."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.joblog import harmless


@given(st.text(st.sampled_from(":#[]\r\n\t\x1b\x07\x0b\x85\xa0\u2028 am0;%")))
def test_no_line_is_a_command(text: str) -> None:
    for line in re.split(r"\r\n|\r|\n", harmless(text)):  # as the runner reads lines
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
        assert "\x1b" not in line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("::add-mask::x", ": :add-mask::x"),
        ("ok\n  ::stop-commands::x", "ok\n  : :stop-commands::x"),
        ("ok\r::error::x", "ok\n: :error::x"),
        ("##[add-mask]x", "# #[add-mask]x"),
        ("\x1b[2J\x1b]0;title\x07red \x1b[31mtext", "red text"),
        ("a :: b, Ünï → code\n\tas it is", "a :: b, Ünï → code\n\tas it is"),
    ],
)
def test_a_text_stays_readable(text: str, shown: str) -> None:
    assert harmless(text) == shown
