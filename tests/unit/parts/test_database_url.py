"""The database URL that SQLAlchemy, alembic and a LISTEN connection share."""

from __future__ import annotations

from configparser import ConfigParser
from urllib.parse import urlsplit

import pulumi
import pytest

from infra.parts.database import sqlalchemy_url

HOST = "ep-cold-sky-1.eu-central-1.aws.neon.tech"


def test_the_url() -> None:
    url = sqlalchemy_url(user="neondb_owner", password="npg_x.1~-", host=HOST, name="neondb")
    assert url == f"postgresql+psycopg://neondb_owner:npg_x.1~-@{HOST}/neondb?sslmode=require"


@pytest.mark.parametrize(("part", "word"), [("user", "role"), ("password", "password"), ("name", "database name")])
def test_a_part_that_needs_escaping_is_refused_by_name(part: str, word: str) -> None:
    for bad in ("p%ss", "p@ss", "p:ss", "p/ss", "p#ss", "p ss", "päss", "", "p\nss"):
        parts = {"user": "u", "password": "p", "name": "n"} | {part: bad}
        with pytest.raises(pulumi.RunError, match=f"the {word} on {HOST}") as error:
            sqlalchemy_url(host=HOST, **parts)
        assert not bad or bad not in str(error.value)


def test_the_pooled_host_is_refused() -> None:
    with pytest.raises(pulumi.RunError, match="pooled host"):
        sqlalchemy_url(user="u", password="p", host=f"ep-1-pooler.{HOST}", name="n")


def test_what_is_accepted_reads_back_and_survives_alembic() -> None:
    # Here, for the one worker that runs this: it takes a tenth of a second.
    from hypothesis import given
    from hypothesis import strategies as st

    part = st.text(alphabet="abcXYZ019._~-", min_size=1)

    @given(part, part)
    def check(user: str, password: str) -> None:
        url = sqlalchemy_url(user=user, password=password, host=HOST, name="neondb")
        parts = urlsplit(url)
        assert (parts.username, parts.password, parts.hostname) == (user, password, HOST)
        parser = ConfigParser()  # alembic.ini is read with interpolation
        parser.read_dict({"alembic": {"sqlalchemy.url": url}})
        assert parser.get("alembic", "sqlalchemy.url") == url

    check()
