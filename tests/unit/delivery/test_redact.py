"""No secret leaves in a text, whatever its shape and however it is written; what is no secret stays."""

from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from ops.redact import MASK, credentials, is_sensitive, redact, redacted_json

ALNUM = st.characters(codec="ascii", categories=["Ll", "Lu", "Nd"])


def _of(alphabet: str, length: int) -> st.SearchStrategy[str]:
    """Draw the letters as one string of bytes: to draw each alone takes five times as long."""
    drawn = st.binary(min_size=length, max_size=length)
    return drawn.map(lambda found: "".join(alphabet[byte % len(alphabet)] for byte in found))


LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
SHAPES = {
    "Neon password": _of(LETTERS, 12).map("npg_{}".format),
    "Neon API key": _of(LETTERS[:26] + LETTERS[52:], 64).map("napi_{}".format),
    "GitHub token": st.builds("{}_{}".format, st.sampled_from(["ghp", "gho", "ghs", "ghu", "ghr"]), _of(LETTERS, 36)),
    "GitHub fine-grained token": _of(LETTERS + "_", 82).map("github_pat_{}".format),
    "Cloudflare token": st.builds("{}_{}".format, st.sampled_from(["cfk", "cfut", "cfat"]), _of(LETTERS, 48)),
    "Cloudflare token of before 2026": _of(LETTERS + "_-", 37).map("aB3{}".format),
    "Fly macaroon": st.builds(
        "FlyV1 {}{},fm2_{}".format, st.sampled_from(["fm2_", "fm1r_", "fm1a_"]), *[_of(LETTERS + "+/=", 60)] * 2
    ),
    "bearer token of any service": _of(LETTERS, 20).map("Bearer 0{}".format),
    "AWS access key id": _of(LETTERS[26:], 16).map("AKIA{}".format),
    "Pulumi token": _of("0123456789abcdef", 40).map("pul-{}".format),
    "R2 secret access key": _of("0123456789abcdef", 64),
    "Fernet key": _of(LETTERS + "_-", 43).map("{}=".format),
}


@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=20)
@given(
    data=st.data(),
    before=st.sampled_from(["", "the token ", 'said "', "(", "key: "]),
    after=st.sampled_from(["", " is bad", '"', ")", ".", ", and"]),
)
def test_a_real_secret_is_known_by_its_shape(shape: str, data: st.DataObject, before: str, after: str) -> None:
    secret = data.draw(SHAPES[shape])
    assume(not secret.endswith("-"))
    text = redact(f"{before}{secret}{after}")
    assert secret not in text
    assert MASK in text


@given(st.text(st.characters(exclude_characters="/@:", exclude_categories=["Cc", "Cs", "Z"]), min_size=1))
def test_a_urls_password_is_hidden_and_its_host_is_not(password: str) -> None:
    text = redact(f"cannot reach postgresql+psycopg://owner:{password}@ep-1.neon.tech/db?sslmode=require today")
    assert text == f"cannot reach postgresql+psycopg://owner:{MASK}@ep-1.neon.tech/db?sslmode=require today"


NO_SECRETS = [
    "urn:pulumi:staging::relay::relay:infra:Backend$pulumi-python:dynamic/fly:App::fly-app",
    "commit 3d3c42e5aac5ba805825da76410c181273ba90b1",
    "image registry.fly.io/relay-api@sha256:" + "0123456789abcdef" * 4,
    "account 0123456789abcdef0123456789abcdef",
    "basic authentication is required",
    "the bearer authentication_of_this_service",
    "https://relay-api-staging.fly.dev:443/docs?mail=a@example.com",
    "app relay-api-staging in organization personal, region iad",
    "br-cool-darkness-a1b2c3d4 of project relay-prod-12345678",
    "FLY_API_TOKEN is not set: a token for the one organization. Make one with `flyctl tokens create org`",
    "token: it was refused",
    '"DATABASE_URL": "(known after up)", "password": "[secret]"',
    "npg_ is how a password begins",
]


def test_what_is_no_secret_stays() -> None:
    assert [redact(text) for text in NO_SECRETS] == NO_SECRETS


@pytest.mark.parametrize(
    "text", ["PASSWORD = 'zq q'", 'password: "zq q"', '{"apiToken": "zq q"}', "X_SECRET=zq", 'TOKEN="zq q"']
)
def test_a_value_under_a_secrets_name_is_hidden(text: str) -> None:
    assert "zq" not in redact(text)
    assert MASK in redact(text)


SECRETS = st.text(st.characters(exclude_categories=["Cs"]), min_size=8, max_size=40)


def _lines(secret: str) -> list[str]:
    return [line for line in secret.splitlines() if len(line) >= 8]


@given(SECRETS)
@example("sl/ash, space & <é>")
def test_a_known_secret_is_hidden_however_it_is_written(secret: str) -> None:
    in_go = json.dumps(secret, ensure_ascii=False)[1:-1]
    for character in "<>&":
        in_go = in_go.replace(character, f"\\u{ord(character):04x}")
    forms = (
        secret,
        json.dumps(secret),
        json.dumps(secret, ensure_ascii=False),
        in_go,
        quote(secret, safe=""),
        quote_plus(secret),
    )
    for form in forms:
        assert redact(f"<{form}>", [secret]).replace('"', "") == f"<{MASK}>"


@given(SECRETS, SECRETS)
def test_each_line_of_a_known_secret_is_hidden_alone(first: str, second: str) -> None:
    assume(not set(f"{first}{second}") & set(MASK))
    for line in _lines(f"{first}\n{second}"):
        assert line not in redact(f"  | {line}", [f"{first}\n{second}"])


@given(SECRETS, st.text(ALNUM, min_size=8, max_size=20))
def test_of_two_secrets_the_longer_is_hidden_whole(secret: str, more: str) -> None:
    for known in ([secret, secret + more], [secret + more, secret]):
        assert redact(secret + more, known) == MASK


@given(st.dictionaries(st.text(), SECRETS), SECRETS)
def test_a_document_stays_one(document: dict[str, str], secret: str) -> None:
    text = redacted_json(json.dumps({"a": document, "b": [secret, f"x{secret}"], "c": [1, None, True]}), [secret])
    assert json.loads(text)["b"][0] == MASK
    assert json.loads(text)["c"] == [1, None, True]
    assert redacted_json(f"{{{secret}") == ""


def test_a_secret_that_is_no_unicode_stops_nothing() -> None:
    secret = b"canary \xff bytes".decode(errors="surrogateescape")
    assert redact(f"<{secret}>", [secret]) == f"<{MASK}>"


def test_names_tell_secrets() -> None:
    environment = {"NEON_API_KEY": "short", "FLY_API_TOKEN": "8-letter", "PULUMI_STACK": "long-enough-too"}
    assert credentials(environment) == ["8-letter"]
    assert [name for name in ("databaseUrl", "oauth_key", "secretName", "region") if is_sensitive(name)] == [
        "databaseUrl",
        "oauth_key",
    ]
