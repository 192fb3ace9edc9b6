"""Run the program in every variant that registers other resources or other inputs."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from tests.unit.program import ROOT, Run, ran

if TYPE_CHECKING:
    from collections.abc import Iterator

_ROTATION = {"oauthKey": 1, "storageToken": 1, "deployToken": 1}
_ROTATED: dict[str, Any] = {"adopt": None, "mintDeployToken": True, "rotate": _ROTATION}
_RETIRED: dict[str, Any] = _ROTATED | {"retire": {"storageToken": 1, "confirmed": {"staging": 1}}}
_DELIVERED = {"flyDeployToken": "FlyV1 fm2_given", "neonRestoreKey": "napi_given", "approval": {"users": [1001]}}
_EVERYTHING_ADOPTED = {
    "neonProject": "calm-hill-55556666",
    "neonEndpoint": "ep-cold-sky-1",
    "flyApp": "tune-api-staging",
    "keep": ["OAUTH_ENCRYPTION_KEY"],
    "githubEnvironment": "staging",
    "githubDeploymentPolicy": 42,
    "githubVariables": ["API_URL", "FRONTEND_URL", "FLY_APP"],
}

_EMPTY_BUILD: dict[str, Any] = {"command": "", "rootDir": "", "outputDir": "", "compatibilityFlags": []}
_ZONE = {"zone": "tune.example"}
_DOMAINS = {**_ZONE, "api": "api.tune.example", "frontend": "tune.example", "www": "www.tune.example"}

VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "dev": ("dev", {}),
    "dev, with a bucket": ("dev", {"adopt": None, "storageAccessKeyId": "a" * 32, "storageSecretAccessKey": "b" * 64}),
    "staging": ("staging", {}),
    "staging, delivered": ("staging", _DELIVERED | {"neonOrganizationId": "org-quiet-1"}),
    "staging, all adopted": (
        "staging",
        {"adopt": _EVERYTHING_ADOPTED, "neonPlan": "launch", "neonCompute": {"suspendSeconds": 0}},
    ),
    "staging, in the repository": (
        "staging",
        _DELIVERED | {"githubScope": "repository", "approval": {}, "adopt": {"githubVariables": ["API_URL_STAGING"]}},
    ),
    "staging, further secrets": (
        "staging",
        {"extraSecrets": {"STRIPE_KEY": "sk_1"}, "logfireToken": "pylf_1", "rollout": True, "mintDeployToken": True},
    ),
    "pull request": ("pr-7", {}),
    "production": ("production", {}),
    "staging, at domains": (
        "staging",
        {"domains": {**_ZONE, "api": "api.s.tune.example", "frontend": "s.tune.example"}},
    ),
    "production, at domains": (
        "production",
        {
            "adopt": None,
            "domains": {**_DOMAINS, "audio": "audio.tune.example"},
            "formerDomains": {"zone": "old.example", "api": "api.old.example"},
        },
    ),
    "production, at domains by hand": (
        "production",
        {
            "domains": _DOMAINS,
            "adopt": {
                "flyApp": "tune-api",
                "domains": ["api.tune.example", "tune.example"],
                "dnsRecords": {"A api.tune.example": "a1", "AAAA api.tune.example": "a2", "CNAME tune.example": "c1"},
            },
            "rotate": {"oauthKey": 1},
        },
    ),
    "production, nothing adopted": ("production", {"adopt": None}),
    "production, delivered": ("production", _DELIVERED),
    "production, rotated": ("production", _ROTATED),
    "production, retired": ("production", _RETIRED),
    "production, with more": (
        "production",
        {
            "extraBuckets": {"tune-art": {}, "tune-logs": {}},
            "adopt": {"extraBuckets": ["tune-logs"]},
            "pagesVariables": {"PUBLIC_NAME": "Tune"},
            "pagesBuild": {"command": "make", "imageVersion": 2},
        },
    ),
    "production, whatever can be empty": ("production", {"adopt": None, "pagesBuild": _EMPTY_BUILD}),
}
"""By variant: its stack, and its changes to the example's configuration."""


def run(variant: str) -> Run:
    """Return the program's run for a variant."""
    stack, changes = VARIANTS[variant]
    return ran(stack, changes)


def written() -> Iterator[tuple[str, str, set[str]]]:
    """Yield each call of an SDK in the program's source: (package, name, keywords)."""
    for path in sorted((ROOT / "infra").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        aliases = {
            alias.asname or alias.name: alias.name.removeprefix("pulumi_")
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name.startswith("pulumi_")
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                called = node.func.value
                if isinstance(called, ast.Name) and called.id in aliases:
                    yield aliases[called.id], node.func.attr, {word.arg for word in node.keywords if word.arg}
