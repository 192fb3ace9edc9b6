"""flyctl's failures: which error each becomes, its next step, and the texts that no error shows."""

from __future__ import annotations

import json
import re

import pytest

from infra.providers.fly import errors
from infra.providers.fly.answers import shown
from infra.providers.fly.process import Completed
from sandbox.credentials import FLY_TOKEN
from tests.unit.fly.scripted import make


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("no access token available. Please login with 'flyctl auth login'", errors.FlyAuthError),
        ("failed to run query (query { a }) { b }: You must be authenticated to view this.", errors.FlyAuthError),
        ("failed to run query (query { a }) { b }: server returned a non-200 status code: 401", errors.FlyAuthError),
        ("Authenticate: token validation error", errors.FlyAuthError),
        ("Not authorized to deploy this app. (Request ID: 01)", errors.FlyAuthError),
        ("Validation failed: Name has already been taken (Request ID: 01)", errors.AppNameTakenError),
        ("organization nope not found", errors.OrganizationNotFoundError),
        ("error getting organization: Could not find Organization", errors.OrganizationNotFoundError),
        ("app not found (Request ID: 01)", errors.AppNotFoundError),
        ("failed to run query (query { a }) { b }: server returned a non-200 status code: 429", errors.ThrottledError),
        ("failed to list app secrets: too many requests (Request ID: 01)", errors.ThrottledError),
        ("failed to run query (query { a }) { b }: server returned a non-200 status code: 403", errors.FlyAuthError),
        ('failed creating token: returned error 401: {"data":null}', errors.FlyAuthError),
        ("request returned non-2xx status: 403: <html>", errors.FlyAuthError),
        ("request returned non-2xx status: 504: <html>", errors.TransientError),
        ("request returned non-2xx status: 408: <html>", errors.TransientError),
        ("failed creating token: returned error 522: {}", errors.TransientError),
        ("update secrets: internal server error (Request ID: 01)", errors.TransientError),
        ("failed to list volumes: Bad Gateway (Request ID: 01)", errors.TransientError),
        ("service unavailable", errors.TransientError),
        ("gateway timeout", errors.TransientError),
        ("read tcp 10.0.0.1:1->10.0.0.2:443: read: connection reset by peer", errors.TransientError),
        ("write tcp 10.0.0.1:1->10.0.0.2:443: write: broken pipe", errors.TransientError),
        ("failed decoding response: unexpected EOF", errors.TransientError),
        ('Post "https://api.fly.io/graphql": net/http: TLS handshake timeout', errors.TransientError),
        ("http2: server sent GOAWAY and closed the connection", errors.TransientError),
        ('Get "https://api.machines.dev/v1/apps": context deadline exceeded', errors.TransientError),
        ("lookup api.fly.io: Temporary failure in name resolution", errors.TransientError),
        ("connect: network is unreachable", errors.TransientError),
        ("lookup api.fly.io: no such host", errors.TransientError),
        ("connect: connection timed out", errors.TransientError),
        ("read tcp 10.0.0.1:1->10.0.0.2:443: i/o timeout", errors.TransientError),
        ("read tcp 10.0.0.1:1->10.0.0.2:443: use of closed network connection", errors.TransientError),
        ("http: server closed idle connection", errors.TransientError),
        ('failed to run query (query { a }) { b }: Could not find App "billing-sso"', errors.AppNotFoundError),
        ("dial tcp 127.0.0.1:1: connect: connection refused", errors.TransientError),
        ('Post "https://api.machines.dev/v1/apps": EOF', errors.TransientError),
        ("net/http: HTTP/1.x transport connection broken: http: ContentLength=5", errors.TransientError),
        ("Validation failed: Name may only contain numbers, lowercase letters and dashes", errors.FlyctlFailedError),
        ("", errors.FlyctlFailedError),
    ],
)
def test_each_answer_has_its_error_and_its_hint(text: str, kind: type[errors.FlyError]) -> None:
    flyctl, _, _ = make({"apps create relay-api --org acme": [Completed(1, "usage on stdout", f"Error: {text}\n")]})
    with pytest.raises(errors.FlyError) as caught:
        flyctl.apps_create("relay-api", organization="acme")
    assert caught.type is kind
    message = str(caught.value)
    assert message.startswith("Fly app relay-api: creating it failed: flyctl ")
    assert message.endswith(kind.default_hint)
    unknown = issubclass(kind, errors.OutcomeUnknownError)
    assert ("whether it took effect is unknown" in message) == unknown
    assert "query {" not in message
    assert ".." not in message  # some answers end with a full stop of their own
    assert "usage on stdout" not in message


@pytest.mark.parametrize(
    ("text", "page"),
    [
        (
            "We need your payment information to continue! Add a credit card or buy credit: "
            "https://fly.io/dashboard/acme/billing (Request ID: 01)",
            "https://fly.io/dashboard/acme/billing",
        ),
        (
            "Your account has been marked as high risk. Please go to https://fly.io/high-risk-unlock to verify it.",
            "https://fly.io/high-risk-unlock",
        ),
        ("To create more than 1 machine please add a payment method. https://fly.io/x.", "https://fly.io/x"),
        ("Your organization has reached its machine limit. Please contact billing@fly.io", ""),
        ("Acme has reached the app limit", ""),
        ("single sign-on is required for this organization", ""),
    ],
)
def test_a_refusal_of_the_account_names_the_page_where_a_person_acts(text: str, page: str) -> None:
    flyctl, _, _ = make({"apps create relay-api --org acme": [Completed(1, "usage on stdout", f"Error: {text}\n")]})
    with pytest.raises(errors.AccountError) as caught:
        flyctl.apps_create("relay-api", organization="acme")
    first = f"Do that at {page} first" if page else "Do that on https://fly.io/dashboard first"
    assert caught.value.hint == f"{first}, then run the same command again."


VALUE = 'hunter2 "x" # y\nsecond-line\tz'


@pytest.mark.parametrize(
    "text",
    [
        f"Failed to parse secrets from stdin: Secrets must be provided as NAME=VALUE pairs (A={VALUE} is invalid)",
        "Secrets must be provided as NAME=VALUE pairs (second-line\tz is invalid)",
        f"the server said: {VALUE}",
        f"the server said: {json.dumps(VALUE)}",
        "the server said: second-line%09z and hunter2%20%22x%22%20%23%20y",
        "the server said: \x1b[31msecond-line\tz\x1b[0m",
        f"bad token {FLY_TOKEN}",
        "bad token FlyV1 fm2_lJPECAAAAAA+/x=",
    ],
)
def test_no_error_shows_a_value_or_a_token(text: str) -> None:
    flyctl, _, _ = make({"secrets import -a relay-api --stage": [Completed(1, VALUE, f"Error: {text}\n")] * 2})
    with pytest.raises(errors.FlyError) as caught:
        flyctl.secrets_import("relay-api", {"A": VALUE})
    for part in ("hunter2", "second-line", FLY_TOKEN, "lJPEC", "\x1b"):
        assert part not in f"{caught.value} {caught.value!r}"


def test_plain_settings_and_short_parts_of_secrets_are_not_hidden() -> None:
    text = "Error: relay-api-staging: {bad} value\n"
    flyctl, _, _ = make({"secrets import -a relay-api --stage": [Completed(1, "", text)] * 2})
    with pytest.raises(errors.FlyError, match=re.escape("relay-api-staging: {bad} value")):
        flyctl.secrets_import("relay-api", {"TIER": "staging", "JSON": "{\n}\nbad"}, plain=["TIER"])


@pytest.mark.parametrize(
    ("answer", "hidden", "expected"),
    [
        pytest.param("app a is at 1, not 11", ["a", "1"], "app [secret] is at [secret], not 11", id="a short word"),
        pytest.param("xabcx xabcdx", ["abc", "abcd"], "xabcx x[secret]x", id="a short value within a word"),
        pytest.param("xfivesx xlonger", ["fives\nlonger"], "xfivesx x[secret]", id="parts from six characters on"),
        pytest.param('said "hü\\"nter"', ['hü"nter'], 'said "[secret]"', id="as JSON writes it"),
        pytest.param("x" * 5000, [], f"{'x' * 400}…", id="a long answer"),
    ],
)
def test_hidden_texts_of_an_answer(answer: str, hidden: list[str], expected: str) -> None:
    assert shown(f"Error: {answer}\n", hidden) == expected
