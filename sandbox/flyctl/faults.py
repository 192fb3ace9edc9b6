"""Name the faults that a test may inject into a run of flyctl (see `sandbox.world.store.World.inject`).

Names with "-after", "lost" and "propagation" strike after the effect, the others before:

- `HTTP`: the service answers that; `ACCOUNT`: it refuses until a person acts; `NETWORK`: the connection fails so;
- "exit1": the run fails; the message repeats standard input and the token;
- "timeout", "timeout-after": it hangs;
- "kill", "kill-after": it dies of SIGKILL;
- "lost": it does not hear the answer;
- "propagation": it does not find the app that it made;
- "empty": it mints nothing and exits 0 (tokens create deploy).
"""

from __future__ import annotations

# Seen: how flyctl words the statuses (0.4.87).
# Believed: The texts in which Fly itself words 408, 429 and 500.
HTTP = {
    "408": (408, "request timeout"),
    "429": (429, "rate limit exceeded"),
    "500": (500, "Internal Server Error"),
    "502": (502, "Bad Gateway"),
}
# Reported: superfly/flyctl#981, django-simple-deploy#243, and users' notes of 2025 and 2026.
ACCOUNT = {
    "payment": "We need your payment information to continue! Add a credit card or buy credit: "
    "https://fly.io/dashboard/personal/billing",
    "high-risk": "Your account has been marked as high risk. Please go to https://fly.io/high-risk-unlock to verify "
    "your account.",
    "limit": "Your organization has reached its machine limit. Please contact billing@fly.io",
}
_POST = 'Post "https://api.machines.dev/v1": '
# Seen: the first three (flyctl 0.4.87). Documented: the others, in flyctl's own tests, or as Go's texts.
NETWORK = {
    "reset": "read tcp 192.0.2.1:40000->192.0.2.2:443: read: connection reset by peer",
    "cut": "failed decoding response: unexpected EOF",
    "no-number": "internal server error (Request ID: 01SANDBOX0000000000000000-iad)",
    "handshake": f"{_POST}net/http: TLS handshake timeout",
    "goaway": f"{_POST}http2: server sent GOAWAY and closed the connection",
    "deadline": f"{_POST}context deadline exceeded",
    "pipe": f"{_POST}write tcp 192.0.2.1:40000->192.0.2.2:443: write: broken pipe",
    "throttled": "too many requests (Request ID: 01SANDBOX0000000000000000-iad)",
}
_OWN = ("exit1", "timeout", "timeout-after", "kill", "kill-after", "lost", "propagation", "empty")
FAULTS = (*HTTP, *ACCOUNT, *NETWORK, *_OWN)
