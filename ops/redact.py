"""Takes secrets out of texts that leave the machine: comments, job summaries, logs.

Pulumi masks what it knows to be secret. What reaches here past it is an error text that quotes a URL or a token, or a
provider's output that nobody marked; so values are recognized by what they look like, by the name they stand under,
and by being a credential of this very process.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MASK = "[redacted]"
# A shorter value stands in too many words.
_SHORTEST = 8

# The last part of a property's or variable's name, when its value is a secret.
_SENSITIVE_NAME = re.compile(
    r"(pass(word|phrase|wd)?|token|secret|credentials?|private_?key|(api|access|digest|oauth|encryption)_?key|"
    r"connection_?(uri|string)(pooler)?|database_?url|dotenv)$",
    re.IGNORECASE,
)
_SHAPES = [
    (re.compile(pattern), text)
    for pattern, text in (
        # A URL's password. Its scheme is not looked for: from each word of a long text, that would look to its end.
        (r"(://[^\s:/@]*):[^\s/@]+@", rf"\1:{MASK}@"),
        (r"(?i)\b(bearer|basic) [\w.~+/=-]{8,}", rf"\1 {MASK}"),
        (r"(FlyV1 )?\bfm[12][ra]?_[\w+/=,-]+", MASK),
        (r"\b(gh[opsur]|github_pat|glpat|npg|napi|neon|pylf|pul|sk|xox[abp])[-_][\w-]{16,}", MASK),
        (r"\bAKIA[0-9A-Z]{16}\b", MASK),
        (r"\b[0-9a-f]{64}\b", MASK),  # R2's secret access keys; commits and digests are shorter
        (r"(?<![\w+/=-])[\w+/-]{43}=(?![\w=])", MASK),  # 32 bytes in base64: Fernet keys
        (
            r"(?i)\b(\w*(?:PASSWORD|PASSPHRASE|TOKEN|SECRET|ACCESS_KEY|API_KEY|DATABASE_URL)\s*=\s*)[^\s'\"]+",
            rf"\1{MASK}",
        ),
    )
]


def is_sensitive(name: str) -> bool:
    """Tell from a property's or variable's name whether its value is a secret."""
    return _SENSITIVE_NAME.search(name) is not None


def credentials(environment: Mapping[str, str]) -> list[str]:
    """Return the values in an environment that are credentials, going by their names; short ones are left out."""
    return [value for name, value in environment.items() if is_sensitive(name) and len(value) >= _SHORTEST]


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Return a text without its secrets.

    Args:
        text: Any text.
        known: Secrets to take out wherever they stand, whatever they look like.
    """
    return redactor(known)(text)


def redactor(known: Iterable[str] = ()) -> Callable[[str], str]:
    """Return what takes the secrets out of one text after another; one that comes again costs nothing.

    Args:
        known: Secrets to take out wherever they stand, whatever they look like.
    """
    forms = _forms(known)
    return cache(lambda text: _masked(text, forms))


def redacted_json(text: str, known: Iterable[str] = ()) -> str:
    """Return a JSON document without its secrets, as JSON; of what is no such document, nothing.

    Each string in it is redacted as what it says: no secret hides behind an escape, and no mask spoils one.
    """
    try:
        document = json.loads(text)
    except ValueError:
        return ""
    forms = _forms(known)

    def clean(value: Any) -> Any:
        if isinstance(value, dict):
            return {_masked(key, forms): clean(item) for key, item in value.items()}
        if isinstance(value, list):
            return [clean(item) for item in value]
        return _masked(value, forms) if isinstance(value, str) else value

    return json.dumps(clean(document))


def _masked(text: str, forms: Iterable[str]) -> str:
    for form in forms:
        text = text.replace(form, MASK)
    for pattern, replacement in _SHAPES:
        text = pattern.sub(replacement, text)
    return text


def _forms(secrets: Iterable[str]) -> list[str]:
    """Return how secrets may be written, the longest first: as they are, by line, in JSON and in a URL."""
    found = set()
    for secret in secrets:
        # In JSON and in Python's tracebacks a line break in a value is written \\n; each line counts on its own.
        for part in (secret, *secret.splitlines()):
            escaped = json.dumps(part, ensure_ascii=False)[1:-1]
            for_pages = re.sub("[<>&]", lambda character: f"\\u{ord(character[0]):04x}", escaped)  # Go's habit
            in_a_url = quote(part, safe="", errors="surrogateescape")
            found |= {part, escaped, for_pages, json.dumps(part)[1:-1], in_a_url}
    return sorted((form for form in found if len(form) >= _SHORTEST), key=len, reverse=True)
