"""Take secrets out of texts that leave the machine: comments, job summaries, logs.

Pulumi masks every value it knows to be secret. An error text may still quote a URL or a token, and a provider may leave
an output unmarked. So this module recognizes a secret by its shape, by its name, or as a credential of this process.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

MASK = "[redacted]"
# A shorter value occurs in too many ordinary words.
_SHORTEST = 8

# The last part of the name of a property or variable with a secret value.
_SENSITIVE_NAME = re.compile(
    r"(pass(word|phrase|wd)?|token|secret|credentials?|private_?key|(api|access|digest|oauth|encryption)_?key|"
    r"connection_?(uri|string)(pooler)?|database_?url|dotenv)$",
    re.IGNORECASE,
)
_NAMED = r"\b\w*(?:PASSWORD|PASSPHRASE|TOKEN|SECRET|ACCESS_KEY|API_KEY|DATABASE_URL)"
_SHAPES = [
    (re.compile(pattern), text)
    for pattern, text in (
        # A URL's password. The pattern leaves out the scheme, which would make a long text slow.
        (r"(://[^\s:/@]*):[^\s/@]+@", rf"\1:{MASK}@"),
        (r"(?i)(authorization[\"']?\s*[:=]\s*[\"']?(?:bearer|basic|token)\s+)[^\s\"']+", rf"\1{MASK}"),
        (r"(?i)\b(bearer|basic) (?=[^\s\"']*\d)[\w.~+/=-]{16,}", rf"\1 {MASK}"),
        # Fly.io's macaroons, several with commas, and its older tokens (flyctl 0.4.87, fly-go's `tokens`).
        (r"(FlyV1 )?\bfm[12][ra]?_[\w+/=,-]+|\bfo1_[\w-]{20,}", MASK),
        # GitHub: "Behind GitHub's new authentication token formats".
        (r"\bgh[opsur]_[A-Za-z0-9]{16,}|\bgithub_pat_\w{16,}", MASK),
        # Neon: passwords have 12 characters after the prefix, API keys 64.
        (r"\bnpg_[A-Za-z0-9]{8,}|\bnapi_[A-Za-z0-9]{16,}", MASK),
        # Cloudflare: "Token formats"; without a prefix before 2026.
        (r"\bcf(?:k|ut|at)_[A-Za-z0-9]{40,}", MASK),
        (r"(?<![\w+/=.-])(?=[\w-]*[A-Z])(?=[\w-]*[a-z])(?=[\w-]*\d)[\w-]{40}(?![\w+/=-])", MASK),
        (r"\b(?:glpat|neon|pylf|pul|sk|xox[abp])[-_][\w-]{16,}", MASK),
        (r"\bAKIA[0-9A-Z]{16}\b", MASK),
        (r"(?<!sha256:)\b[0-9a-f]{64}\b", MASK),  # an R2 secret access key
        (r"(?<![\w+/=-])[\w+/-]{43}=(?![\w=])", MASK),  # 32 bytes in base64: a Fernet key
        # A value after a name; `[` and `(` begin a mask, or words in place of a value.
        (rf"(?i)({_NAMED}[\"']?\s*[:=]\s*)([\"'])(?![\[(])[^\"'\n]+\2", rf"\1\2{MASK}\2"),
        (rf"(?i)({_NAMED}\s*=\s*)(?![\[(])[^\s'\"]+", rf"\1{MASK}"),
    )
]


def is_sensitive(name: str) -> bool:
    """Tell from a property's or variable's name whether its value is a secret."""
    return _SENSITIVE_NAME.search(name) is not None


def credentials(environment: Mapping[str, str]) -> list[str]:
    """Return the values of an environment's variables with a sensitive name, without short values."""
    return [value for name, value in environment.items() if is_sensitive(name) and len(value) >= _SHORTEST]


def redact(text: str, known: Iterable[str] = ()) -> str:
    """Return a text without its secrets.

    Args:
        text: Any text.
        known: Secrets to redact, whatever their shape.
    """
    return redactor(known)(text)


def redactor(known: Iterable[str] = ()) -> Callable[[str], str]:
    """Return a function that redacts texts, with a cache.

    Args:
        known: Secrets to redact, whatever their shape.
    """
    forms = _forms(known)
    return cache(lambda text: _masked(text, forms))


def redacted_json(text: str, known: Iterable[str] = ()) -> str:
    """Return a JSON document without its secrets; an empty text if the document is not JSON.

    This redacts decoded strings, so that no escape hides a secret and no mask breaks an escape.
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
    """Return the spellings of secrets, the longest first: plain, by line, in JSON and in a URL."""
    found = set()
    for secret in secrets:
        # JSON and Python's tracebacks write a line break as \\n, so each line is a secret of its own.
        for part in (secret, *secret.splitlines()):
            escaped = json.dumps(part, ensure_ascii=False)[1:-1]
            # Go escapes these three for HTML.
            in_go = re.sub("[<>&]", lambda character: f"\\u{ord(character[0]):04x}", escaped)
            in_a_url = (encode(part, safe="", errors="surrogateescape") for encode in (quote, quote_plus))
            found |= {part, escaped, in_go, json.dumps(part)[1:-1], *in_a_url}
    return sorted((form for form in found if len(form) >= _SHORTEST), key=len, reverse=True)
