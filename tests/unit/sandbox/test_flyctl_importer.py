"""Test the grammar of `secrets import`, losses included."""

from __future__ import annotations

import pytest

from sandbox.flyctl.importer import InvalidLineError, ParserPanicError, parse

PEM = "-----BEGIN KEY-----\nMII#B\n\n-----END KEY-----\n"


READ = {
    "A=1\nB=2\n": {"A": "1", "B": "2"},
    "A=1\r\nB=2": {"A": "1", "B": "2"},
    "# A=0\n\n \t\nB=2": {"B": "2"},
    "  # A=0": {"# A": "0"},
    " A = 1 ": {"A": "1 "},
    "A=\t1": {"A": "\t1"},
    "export A=1": {"export A": "1"},
    "A\x1c=1": {"A\x1c": "1"},
    "A\xa0=1": {"A": "1"},
    "A=1\nA=2": {"A": "2"},
    # The cut at #
    "A=pa#ss": {"A": "pa"},
    "A='pa#ss'": {"A": "'pa"},
    'A="pa#ss"': {"A": "pa#ss"},
    'A="pa"#ss"': {"A": "pa"},
    'A=x"pa#ss': {"A": 'x"pa#ss'},
    # Quotes
    "A='a'": {"A": "a"},
    "A='a\"": {"A": "'a\""},
    'A="a\\n$B"': {"A": "a\\n$B"},
    "A=''a''": {"A": "'a'"},
    # Blocks
    'A="""a"""': {"A": "a"},
    'A=""""a"""': {"A": '"a'},
    'A="""a#b"""': {"A": "a#b"},
    f'A="""{PEM}"""': {"A": PEM},
    'A="""\n# kept\n\n  b """': {"A": "\n# kept\n\n  b "},
    'A="""a\r\nb\r\n"""': {"A": "a\nb\n"},
    'A="""a\nb"""c\nd"""': {"A": 'a\nb"""c\nd'},
    'A="""""\nb"""': {"A": '""\nb'},
}


def test_reads() -> None:
    assert {text: parse(text.encode()) for text in READ} == READ


@pytest.mark.parametrize("block", [b'"""b', b'"""b"c#d"""'])
def test_a_block_without_an_end_swallows_the_rest(block: bytes) -> None:
    assert parse(b"A=1\nB=" + block + b"\nC=3\n") == {"A": "1"}


def test_a_line_of_64_kib_ends_the_reading() -> None:
    longest = b"B=" + b"b" * 65_533
    assert parse(b"A=1\n" + longest + b"\nC=3") == {"A": "1", "B": "b" * 65_533, "C": "3"}
    assert parse(b"A=1\n" + longest + b"b\nC=3") == {"A": "1"}
    assert parse(b"A=1\n" + longest + b"\r\nC=3") == {"A": "1"}


def test_each_undecodable_byte_becomes_a_replacement_character() -> None:
    assert parse(b"A=\xe2\x82|\xff|\xed\xa0\x80") == {"A": "\ufffd\ufffd|\ufffd|\ufffd\ufffd\ufffd"}


@pytest.mark.parametrize("text", [b"A=1\nsecret", b"  # note"])
def test_a_line_without_an_equals_sign_is_echoed(text: bytes) -> None:
    with pytest.raises(InvalidLineError) as caught:
        parse(text)
    assert caught.value.args == (text.decode().splitlines()[-1],)


@pytest.mark.parametrize("text", [b'A="', b"A='", b"A=   '", b"B=1\nA='  # x"])
def test_a_lone_quote_panics(text: bytes) -> None:
    with pytest.raises(ParserPanicError):
        parse(text)
