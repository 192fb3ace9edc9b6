"""Every bad configuration gets its own message, all of them at once, and nothing is registered."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi.runtime
import pytest

from infra.config.groups import Frozen
from infra.config.load import examine
from infra.config.reading import SECRET_KEYS
from infra.config.settings import Settings
from infra.config.stack_files import read_stack_files
from infra.config.validators import branch_alias
from tests.unit import program as unit_program
from tests.unit.program import run_program

KEYS = {"storageAccessKeyId": "a" * 32, "storageSecretAccessKey": "b" * 64}
PRODUCTION_ADOPT = {"flyApp": "tune-api", "keep": ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "DATABASE_URL"]}

# stack, changes, the complete line that reports it
BAD: list[tuple[str, dict[str, Any], str]] = [
    # unknown keys and typos
    ("staging", {"flyapp": "x"}, "Pulumi.staging.yaml: flyapp is not a configuration key; did you mean flyApp?"),
    ("staging", {"zzz": "x"}, "Pulumi.staging.yaml: zzz is not a configuration key"),
    ("staging", {"stack": "x"}, "Pulumi.staging.yaml: stack is not a configuration key"),
    (
        "production",
        {"adopt": {"neonProjekt": "x"}},
        "Pulumi.production.yaml: adopt.neonProjekt is not a configuration key; did you mean neonProject?",
    ),
    (
        "production",
        {"pagesBuild": {"rootdir": "x"}},
        "Pulumi.production.yaml: pagesBuild.rootdir is not a configuration key; did you mean rootDir?",
    ),
    # missing
    ("staging", {"tier": None}, "Pulumi.staging.yaml: tier is missing"),
    ("staging", {"manage": None}, "Pulumi.staging.yaml: manage is missing"),
    ("staging", {"neonProject": None}, "Pulumi.staging.yaml: neonProject is missing"),
    (
        "staging",
        {"flyApp": None},
        "Pulumi.staging.yaml: flyApp is missing: a stack that manages `backend` names its Fly app",
    ),
    (
        "staging",
        {"storageAccessKeyId": None, "storageSecretAccessKey": None},
        "Pulumi.staging.yaml: storageAccessKeyId and storageSecretAccessKey are missing: this stack uses the shared bucket but does not own it. Set the bucket's S3 keys with `pulumi config set --secret`",
    ),
    (
        "production",
        {"previewStack": None},
        "Pulumi.production.yaml: previewStack is missing: name the stack whose API the Pages previews use, `staging` as a rule",
    ),
    # wrong types and values
    ("staging", {"flyDeployToken": ""}, "Pulumi.staging.yaml: flyDeployToken has fewer than 1 characters"),
    ("staging", {"extraSecrets": {"MINE": ""}}, "Pulumi.staging.yaml: extraSecrets.MINE has fewer than 1 characters"),
    (
        "staging",
        {"storageAccessKeyId": "x"},
        "Pulumi.staging.yaml: storageAccessKeyId has fewer than 16 characters",
    ),
    (
        "staging",
        {"tier": "stage"},
        "Pulumi.staging.yaml: tier must be one of 'development', 'preview', 'staging' or 'production'",
    ),
    (
        "staging",
        {"manage": ["backend", "databse"]},
        "Pulumi.staging.yaml: manage.1 must be one of 'storage', 'database', 'backend', 'frontend' or 'delivery'",
    ),
    ("staging", {"manage": "backend"}, "Pulumi.staging.yaml: manage must be a list"),
    ("production", {"previewStack": ["x"]}, "Pulumi.production.yaml: previewStack must be a text: put it in quotes"),
    (
        "staging",
        {"cloudflareAccountId": "abc"},
        "Pulumi.yaml: cloudflareAccountId must match ^[0-9a-f]{32}$",
    ),
    (
        "staging",
        {"bucket": "Tune_Audio"},
        "Pulumi.yaml: bucket: a bucket's name has 3 to 63 lower-case letters, digits and inner hyphens",
    ),
    (
        "staging",
        {"neonRegion": "us-east-1"},
        "Pulumi.yaml: neonRegion: Neon's regions are aws-ap-southeast-1, aws-ap-southeast-2, aws-eu-central-1, aws-eu-west-2, aws-sa-east-1, aws-us-east-1, aws-us-east-2, aws-us-west-2",
    ),
    (
        "staging",
        {"flyRegion": "ams1"},
        "Pulumi.yaml: flyRegion: Fly.io's regions are ams, arn, bom, cdg, dfw, ewr, fra, gru, iad, jnb, lax, lhr, nrt, ord, sin, sjc, syd, yyz",
    ),
    (
        "staging",
        {"postgresVersion": "13"},
        "Pulumi.staging.yaml: postgresVersion: input should be greater than or equal to 14",
    ),
    (
        "staging",
        {"rollout": "maybe"},
        "Pulumi.staging.yaml: rollout: input should be a valid boolean, unable to interpret input",
    ),
    (
        "staging",
        {"flyApp": "Tune_API"},
        "Pulumi.staging.yaml: flyApp: a Fly app name has 1 to 63 lower-case letters, digits and inner hyphens",
    ),
    (
        "staging",
        {"flyApp": "../tune"},
        "Pulumi.staging.yaml: flyApp: a Fly app name has 1 to 63 lower-case letters, digits and inner hyphens",
    ),
    (
        "staging",
        {"pagesHost": "https://tune-8xz.pages.dev"},
        "Pulumi.yaml: pagesHost: a host is lower case, with neither scheme nor slash: `relay-4i6.pages.dev`",
    ),
    (
        "staging",
        {"frontendUrl": "http://tune.example.com"},
        "Pulumi.staging.yaml: frontendUrl: a URL here is https, a lower-case host and no trailing slash: `https://api.example.com`",
    ),
    (
        "staging",
        {"apiUrl": "https://api.example.com/"},
        "Pulumi.staging.yaml: apiUrl: a URL here is https, a lower-case host and no trailing slash: `https://api.example.com`",
    ),
    (
        "staging",
        {"frontendUrl": "https://localhost"},
        "Pulumi.staging.yaml: frontendUrl: a URL here is https, a lower-case host and no trailing slash: `https://api.example.com`",
    ),
    (
        "staging",
        {"githubEnvironment": "bad/name"},
        "Pulumi.staging.yaml: githubEnvironment: a GitHub environment's name has letters, digits, ' ', '_', '.' and '-'",
    ),
    (
        "staging",
        {"approval": {"users": [1, 2, 3, 4, 5, 6, 7]}},
        "Pulumi.staging.yaml: approval has 7 users and teams, but GitHub takes at most 6",
    ),
    (
        "staging",
        {"deployTokenHours": 1},
        "Pulumi.staging.yaml: deployTokenHours: input should be greater than or equal to 24",
    ),
    (
        "staging",
        {"extraSecrets": {"1BAD": "x"}},
        "Pulumi.staging.yaml: extraSecrets.1BAD: a secret's name has letters, digits and underscores, and no digit first",
    ),
    # the plans of the clouds
    (
        "staging",
        {"historyRetentionSeconds": 86400},
        "Pulumi.staging.yaml: historyRetentionSeconds is 86400, but Neon's free plan keeps at most 21600 seconds",
    ),
    (
        "staging",
        {"neonPlan": "launch", "historyRetentionSeconds": 604801},
        "Pulumi.staging.yaml: historyRetentionSeconds is 604801, but Neon's launch plan keeps at most 604800 seconds",
    ),
    (
        "staging",
        {"defaultBranchProtected": True},
        "Pulumi.staging.yaml: defaultBranchProtected is true, but Neon's free plan has no protected branches",
    ),
    # secret names
    (
        "staging",
        {"extraSecrets": {"DATABASE_URL": "x"}},
        "Pulumi.staging.yaml: extraSecrets.DATABASE_URL: this name is taken already",
    ),
    (
        "staging",
        {"extraSecrets": {"R2_BUCKET": "x"}},
        "Pulumi.staging.yaml: extraSecrets.R2_BUCKET: this is a plain setting of the fly file's [env]; a secret would silently win over it",
    ),
    *(
        (
            "staging",
            {"extraSecrets": {name: "x"}},
            f"Pulumi.staging.yaml: extraSecrets.{name}: the backend reads this name as a whole group of settings and would not start",
        )
        for name in ("APP", "DATABASE", "STORAGE", "FRONTEND", "ATPROTO", "OBSERVABILITY", "NOTIFY")
    ),
    (
        "production",
        {"extraSecrets": {"MINE": "x"}, "adopt": {**PRODUCTION_ADOPT, "keep": [*PRODUCTION_ADOPT["keep"], "MINE"]}},
        "Pulumi.production.yaml: extraSecrets.MINE is set, but adopt.keep keeps MINE: one of them must go",
    ),
    # contradictions
    (
        "dev",
        {"manage": ["database", "delivery"]},
        "Pulumi.dev.yaml: manage: development runs on a laptop and owns at most `database`, not delivery",
    ),
    (
        "staging",
        {"manage": ["database", "backend", "storage"]},
        "Pulumi.staging.yaml: manage has `storage`, but stack production manages bucket 'tune-audio' already: remove the part here, or set another bucket",
    ),
    (
        "staging",
        {"manage": ["database", "frontend"], "previewStack": "production"},
        "Pulumi.staging.yaml: manage has `frontend`, but stack production manages pagesProject 'tune' already: remove the part here, or set another pagesProject",
    ),
    (
        "staging",
        {"manage": ["backend"]},
        "Pulumi.staging.yaml: manage has `backend` without `database`: put DATABASE_URL under adopt.keep, or manage the database too",
    ),
    (
        "production",
        {"adopt": {**PRODUCTION_ADOPT, "flyApp": "tune-ap"}},
        "Pulumi.production.yaml: adopt.flyApp is 'tune-ap', but flyApp is 'tune-api': one of them is wrong",
    ),
    (
        "production",
        {"adopt": {"bucket": "tune-audi"}},
        "Pulumi.production.yaml: adopt.bucket is 'tune-audi', but bucket is 'tune-audio': one of them is wrong",
    ),
    (
        "production",
        {"adopt": {"pagesProject": "tun"}},
        "Pulumi.production.yaml: adopt.pagesProject is 'tun', but pagesProject is 'tune': one of them is wrong",
    ),
    (
        "staging",
        {"adopt": {"githubEnvironment": "production"}},
        "Pulumi.staging.yaml: adopt.githubEnvironment is 'production', but githubEnvironment is 'staging': one of them is wrong",
    ),
    (
        "staging",
        {"adopt": {"keep": ["X"]}},
        "Pulumi.staging.yaml: adopt.keep is set, but adopt.flyApp is not: a new app has no secrets",
    ),
    (
        "staging",
        {"adopt": {"githubVariables": ["X"]}},
        "Pulumi.staging.yaml: adopt.githubVariables and adopt.githubDeploymentPolicy belong to an adopted environment: set adopt.githubEnvironment",
    ),
    (
        "staging",
        {"storageSecretAccessKey": None},
        "Pulumi.staging.yaml: storageAccessKeyId and storageSecretAccessKey go together: set both or neither",
    ),
    (
        "production",
        {"adopt": {"flyApp": "tune-api", "keep": ["AWS_ACCESS_KEY_ID"]}},
        "Pulumi.production.yaml: adopt.keep holds AWS_ACCESS_KEY_ID alone: the two storage keys are kept together or not at all",
    ),
    (
        "production",
        KEYS,
        "Pulumi.production.yaml: storageAccessKeyId is set, but adopt.keep keeps AWS_ACCESS_KEY_ID: one of them must go",
    ),
    (
        "production",
        {"logfireToken": "pylf_x"},
        "Pulumi.production.yaml: logfireToken is set, but adopt.keep keeps LOGFIRE_WRITE_TOKEN: one of them must go",
    ),
    (
        "staging",
        {"mintDeployToken": True, "flyDeployToken": "FlyV1 fm2_x"},
        "Pulumi.staging.yaml: flyDeployToken is set, but mintDeployToken makes one: remove either",
    ),
    (
        "production",
        {"productionBranch": "staging"},
        "Pulumi.yaml: previewBranch and productionBranch are both 'staging': a production branch has no preview. "
        "Set previewBranch to another branch in Pulumi.yaml",
    ),
    (
        "production",
        {"previewStack": "production"},
        "Pulumi.production.yaml: previewStack is 'production', this very stack: previews would reach its API",
    ),
    (
        "production",
        {"adopt": {"extraBuckets": ["tune-art"]}},
        "Pulumi.production.yaml: adopt.extraBuckets holds tune-art, which extraBuckets does not",
    ),
    (
        "staging",
        {"githubScope": "repository", "approval": {"users": [7]}},
        "Pulumi.staging.yaml: approval is set, but githubScope is `repository`: only an environment has it",
    ),
    (
        "staging",
        {"githubScope": "repository", "adopt": {"githubEnvironment": "staging"}},
        "Pulumi.staging.yaml: adopt.githubEnvironment is set, but githubScope is `repository`: only an environment has it",
    ),
    (
        "staging",
        {"storageFrom": "staging"},
        "Pulumi.staging.yaml: storageFrom is set, but it is for the keys of a bucket that another stack owns",
    ),
    (
        "staging",
        {"storageFrom": "production", **KEYS},
        "Pulumi.staging.yaml: storageFrom is set, but so is storageAccessKeyId: remove either",
    ),
    (
        "production",
        {"storageFrom": "staging", "manage": ["backend", "database"], "previewStack": None},
        "Pulumi.production.yaml: storageFrom is set, but adopt.keep keeps AWS_ACCESS_KEY_ID: one of them must go",
    ),
    # names
    (
        "staging",
        {"githubOwner": "https://github.com/acme"},
        "Pulumi.yaml: githubOwner: a GitHub name alone, no URL: `relay-music`",
    ),
    (
        "staging",
        {"githubRepository": "acme/tune"},
        "Pulumi.yaml: githubRepository: a repository's name alone, no URL and no owner: `relay`",
    ),
    (
        "staging",
        {"releaseTags": "^v[0-9]+$"},
        "Pulumi.staging.yaml: releaseTags: a pattern of tag names as GitHub reads it, `v*`; it is no regular expression",
    ),
    (
        "staging",
        {"mainBranch": "main\n"},
        "Pulumi.staging.yaml: mainBranch: a branch has letters, digits, '_', '.', '+', '-' and inner slashes",
    ),
    (
        "staging",
        {"neonProject": "tune\u200b"},
        "Pulumi.staging.yaml: neonProject: it has a character that nobody can see; type it again",
    ),
    (
        "production",
        {"previewBranch": "___"},
        "Pulumi.yaml: previewBranch is '___': Cloudflare makes no alias of a name without letters or digits",
    ),
    (
        "production",
        {"pagesVariables": {"LEVEL": 1}},
        "Pulumi.production.yaml: pagesVariables.LEVEL must be a text: put it in quotes",
    ),
    (
        "production",
        {"extraBuckets": {"tune-art": {"publik": True}}},
        "Pulumi.production.yaml: extraBuckets.tune-art.publik is not a configuration key; did you mean public?",
    ),
    ("production", {"extraBuckets": ["tune-art"]}, "Pulumi.production.yaml: extraBuckets must hold keys and values"),
    # an API that nobody has
    (
        "production",
        {"flyApp": None, "manage": ["database", "frontend"], "adopt": None},
        "Pulumi.production.yaml: flyApp is missing: outside development a stack names its Fly app, or the URL of its API in apiUrl",
    ),
    # a kept secret that the backend cannot live with
    *(
        (
            "production",
            {"adopt": {**PRODUCTION_ADOPT, "keep": [*PRODUCTION_ADOPT["keep"], name]}},
            f"Pulumi.production.yaml: adopt.keep: {name}: {said}",
        )
        for name, said in (
            ("R2_BUCKET", "this is a plain setting of the fly file's [env]; a secret would silently win over it"),
            ("STORAGE", "the backend reads this name as a whole group of settings and would not start"),
        )
    ),
    # further names
    (
        "staging",
        {"secretAliases": {"X": "DATABASE"}},
        "Pulumi.staging.yaml: secretAliases.X is 'DATABASE', which this program does not set on the app",
    ),
    (
        "staging",
        {"secretAliases": {"FRONTEND_URL": "DATABASE_URL"}},
        "Pulumi.staging.yaml: secretAliases.FRONTEND_URL: this name is taken already",
    ),
    (
        "staging",
        {"apps": {"tune-worker": {"extraSecrets": {"URL": "x"}, "secretAliases": {"URL": "DATABASE_URL"}}}},
        "Pulumi.staging.yaml: apps.tune-worker.secretAliases.URL: this name is taken already",
    ),
    (
        "staging",
        {"apps": {"tune-worker": {"secretAliases": {"URL": "DATABASE"}}}},
        "Pulumi.staging.yaml: apps.tune-worker.secretAliases.URL is 'DATABASE', which this program does not set on the app",
    ),
    (
        "staging",
        {"apps": {"tune-api-staging": {}}},
        "Pulumi.staging.yaml: apps holds 'tune-api-staging', the backend's own app: its secrets are under extraSecrets and secretAliases",
    ),
    (
        "staging",
        {"adopt": {"apps": ["tune-worker"]}},
        "Pulumi.staging.yaml: adopt.apps holds tune-worker, which apps does not",
    ),
    (
        "staging",
        {"githubSecretAliases": {"SENTRY_DSN": "SENTRY"}},
        "Pulumi.staging.yaml: githubSecretAliases.SENTRY_DSN is 'SENTRY', which this program does not set on the app",
    ),
    (
        "production",
        {"manage": ["delivery"], "adopt": None, "githubSecretAliases": {"DSN": "DATABASE_URL"}, "previewStack": None},
        "Pulumi.production.yaml: githubSecretAliases is set, but manage lacks `backend`, whose values they are",
    ),
    (
        "staging",
        {"githubSecrets": {"FLY_API_TOKEN": "x"}},
        "Pulumi.staging.yaml: githubSecrets.FLY_API_TOKEN: this name is taken already",
    ),
    (
        "staging",
        {"githubVariables": {"API_URL": "x"}},
        "Pulumi.staging.yaml: githubVariables.API_URL: this name is taken already",
    ),
    (
        "staging",
        {"adopt": {"githubEnvironment": "staging", "githubVariables": ["API_URI"]}},
        "Pulumi.staging.yaml: adopt.githubVariables holds API_URI, which this program does not set: it sets API_URL, FLY_APP, FRONTEND_URL, NEON_PROJECT_ID",
    ),
    # computes
    (
        "staging",
        {"neonCompute": {"maxCu": 4}},
        "Pulumi.staging.yaml: neonCompute.maxCu is 4.0, but Neon's free plan scales to at most 2.0",
    ),
    (
        "staging",
        {"neonCompute": {"minCu": 2, "maxCu": 1}},
        "Pulumi.staging.yaml: neonCompute.minCu is 2.0, but neonCompute.maxCu is 1.0",
    ),
    (
        "staging",
        {"neonCompute": {"suspendSeconds": 0}},
        "Pulumi.staging.yaml: neonCompute.suspendSeconds is 0, but Neon's free plan knows 300 alone",
    ),
    (
        "staging",
        {"neonPlan": "launch", "neonCompute": {"suspendSeconds": 60}},
        "Pulumi.staging.yaml: neonCompute.suspendSeconds is 60, but Neon's launch plan knows 0 or 300 alone",
    ),
    (
        "staging",
        {"neonPlan": "scale", "neonCompute": {"suspendSeconds": 30}},
        "Pulumi.staging.yaml: neonCompute.suspendSeconds is 30, but Neon suspends after 60 seconds at the earliest",
    ),
    # rotation
    (
        "staging",
        {"rotate": {"oauthkey": 1}},
        "Pulumi.staging.yaml: rotate.oauthkey is not a configuration key; did you mean oauthKey?",
    ),
    (
        "staging",
        {"retire": {"confirm": {}}},
        "Pulumi.staging.yaml: retire.confirm is not a configuration key; did you mean confirmed?",
    ),
    (
        "staging",
        {"rotate": {"oauthKey": -1}},
        "Pulumi.staging.yaml: rotate.oauthKey: input should be greater than or equal to 0",
    ),
    (
        "production",
        {"adopt": None, "rotate": {"storageToken": 1}, "retire": {"storageToken": 2, "confirmed": {"staging": 2}}},
        "Pulumi.production.yaml: rotate.storageToken is 1 and retire.storageToken 2: the current token cannot be retired",
    ),
    (
        "production",
        {"adopt": None, "rotate": {"storageToken": 2}},
        "Pulumi.production.yaml: rotate.storageToken is 2 and retire.storageToken 0: at most two tokens work at a time. Go back to 1 and retire the older one first",
    ),
    (
        "production",
        {"rotate": {"oauthKey": 1}},
        "Pulumi.production.yaml: rotate.oauthKey is 1, but adopt.keep keeps OAUTH_ENCRYPTION_KEY, and what is kept is not rotated: take it off that list",
    ),
    (
        "production",
        {"adopt": PRODUCTION_ADOPT},
        "Pulumi.production.yaml: adopt.keep lacks OAUTH_ENCRYPTION_KEY: the adopted app has one, and a new one would log everybody out. Keep it, or set rotate.oauthKey to 1 if that is what you want",
    ),
    (  # on a laptop, whose key would have no slot at all
        "dev",
        {"adopt": {"flyApp": "tune-dev"}},
        "Pulumi.dev.yaml: adopt.keep lacks OAUTH_ENCRYPTION_KEY: the adopted app has one, and a new one would log everybody out. Keep it, or set rotate.oauthKey to 1 if that is what you want",
    ),
    (
        "staging",
        {"rotate": {"storageToken": 1}},
        "Pulumi.staging.yaml: rotate.storageToken is 1, but this stack does not make that one",
    ),
    (
        "production",
        {"rotate": {"storageToken": 1}},
        "Pulumi.production.yaml: rotate.storageToken is 1, but adopt.keep keeps AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, and what is kept is not rotated: take it off that list",
    ),
    (  # it would not make the token of production's bucket if it kept no keys either
        "staging",
        {"rotate": {"storageToken": 1}, "adopt": {**PRODUCTION_ADOPT, "flyApp": "tune-api-staging"}},
        "Pulumi.staging.yaml: rotate.storageToken is 1, but this stack does not make that one",
    ),
    (
        "staging",
        {"rotate": {"deployToken": 1}, "flyDeployToken": "FlyV1 fm2_x"},
        "Pulumi.staging.yaml: rotate.deployToken is 1, but this stack does not make that one",
    ),
    (
        "production",
        {"adopt": None, "rotate": {"storageToken": 1}, "retire": {"storageToken": 1}},
        "Pulumi.production.yaml: retire.storageToken is 1, but stack staging uses that bucket too. Give it the current keys and deploy it, then `pulumi config set --path retire.confirmed.staging 1 -s production`",
    ),
    (  # confirmed for the rotation before
        "production",
        {"adopt": None, "rotate": {"storageToken": 2}, "retire": {"storageToken": 2, "confirmed": {"staging": 1}}},
        "Pulumi.production.yaml: retire.storageToken is 2, but stack staging uses that bucket too. Give it the current keys and deploy it, then `pulumi config set --path retire.confirmed.staging 2 -s production`",
    ),
    (
        "production",
        {"retire": {"confirmed": {"stagign": 1}}},
        "Pulumi.production.yaml: retire.confirmed names 'stagign', but there is no Pulumi.stagign.yaml",
    ),
    # between stacks
    (
        "production",
        {"previewStack": "stagign"},
        "Pulumi.production.yaml: previewStack is 'stagign', but there is no Pulumi.stagign.yaml",
    ),
    (
        "production",
        {"previewStack": "dev"},
        "Pulumi.production.yaml: previewStack is 'dev', but Pulumi.dev.yaml names no flyApp",
    ),
]


def refusal(stack: str, changes: dict[str, Any]) -> str:
    with pytest.raises(pulumi.RunError) as error:
        run_program(stack, changes)
    return str(error.value)


@pytest.mark.parametrize(("stack", "changes", "line"), BAD, ids=[line.split(": ", 1)[1][:60] for _, _, line in BAD])
def test_a_bad_configuration_is_reported(stack: str, changes: dict[str, Any], line: str) -> None:
    message = refusal(stack, changes)
    assert f"  - {line}" in message.splitlines()


def test_everything_is_reported_at_once() -> None:
    message = refusal(
        "staging",
        {"flyapp": "x", "tier": "stage", "historyRetentionSeconds": 86400, "extraSecrets": {"APP": "CanaryValue"}},
    )
    assert message.splitlines()[0] == "The configuration of stack staging has 4 problems; nothing was touched."
    assert "CanaryValue" not in message


def test_a_bad_value_hides_no_contradiction_of_others() -> None:
    message = refusal("staging", {"manage": "backend", "storageFrom": "production", **KEYS})
    assert "storageFrom is set, but so is storageAccessKeyId" in message


def test_a_bad_secret_is_not_shown() -> None:
    message = refusal("staging", {"storageAccessKeyId": "CanaryShort"})
    assert "storageAccessKeyId" in message
    assert "Canary" not in message


def test_a_plain_secret_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.program.SECRET_KEYS", {"storageSecretAccessKey"})
    assert (
        "  - Pulumi.staging.yaml: storageAccessKeyId is not encrypted: `pulumi config set --secret storageAccessKeyId -s staging`"
    ) in refusal("staging", {}).splitlines()


def plain_extra_secrets(written: dict[str, Any], plain: set[str]) -> list[str]:
    """Return what is said of a stack's own secrets, as its file has them; `plain` as Pulumi tells it."""
    files = read_stack_files()
    files.stacks["staging"]["extraSecrets"] = written
    values = {"extraSecrets": dict.fromkeys(written, "decrypted")}
    _, problems = examine("staging", unit_program.configuration("staging") | values, plain, files)
    return problems


def test_one_plain_secret_among_a_teams_own_is_refused() -> None:
    assert plain_extra_secrets({"A": {"secure": "v1:x"}, "B": "secure enough"}, set()) == [
        "Pulumi.staging.yaml: extraSecrets.B is not encrypted: `pulumi config set --secret --path extraSecrets.B -s staging`"
    ]


def test_a_teams_own_secrets_may_all_have_been_removed() -> None:
    assert plain_extra_secrets({}, {"extraSecrets"}) == []


def test_an_unknown_key_is_told_with_the_file_that_it_stands_in() -> None:
    files = read_stack_files()
    files.project["adopt.keepp"] = "x"  # as without `--path`
    values = unit_program.configuration("staging") | {"adopt.keepp": "x", "adopt.bucket": "x"}
    _, problems = examine("staging", values, set(), files)
    assert [problem.partition(" is not")[0] for problem in problems] == [
        "Pulumi.staging.yaml: adopt.bucket",
        "Pulumi.yaml: adopt.keepp",
    ]


@pytest.mark.parametrize("model", [Settings, *Frozen.__subclasses__()])
def test_every_setting_has_a_description(model: type[Frozen]) -> None:
    assert [name for name, field in model.model_fields.items() if not field.description] == []


@pytest.mark.parametrize("empty", ["null", None])
def test_a_key_left_empty_counts_as_unset(empty: str | None) -> None:
    """The engine gives an empty value to the program as `null`."""
    values = unit_program.configuration("staging") | {"adopt": empty, "extraSecrets": empty, "apiUrl": empty}
    assert examine("staging", values, set(), read_stack_files())[1] == []


@pytest.mark.parametrize("name", ["qa_1", "QA", "pr.12", "-x", "x" * 41])
def test_a_stack_with_a_name_that_cannot_be_part_of_others(name: str) -> None:
    _, problems = examine(name, unit_program.configuration("staging"), set(), read_stack_files())
    assert [problem for problem in problems if "a stack's name has at most 40 lower-case letters" in problem]


@pytest.mark.parametrize(
    ("branch", "alias"),
    [
        ("Feature/Login", "feature-login"),
        ("env--staging", "env--staging"),
        ("a.b/c", "a-b-c"),
        ("x" * 30, "x" * 28),
        ("-" + "y" * 26 + "-z", "y" * 26),
        ("___", ""),
    ],
)
def test_the_alias_of_a_branch(branch: str, alias: str) -> None:
    assert branch_alias(branch) == alias


@pytest.mark.parametrize(
    ("stack", "changes", "seconds"),
    [
        ("production", {}, 300),
        ("production", {"neonPlan": "launch"}, 0),
        ("staging", {"neonPlan": "launch"}, 300),
        ("production", {"neonPlan": "scale", "neonCompute": {"suspendSeconds": 600}}, 600),
    ],
)
def test_when_a_compute_suspends(stack: str, changes: dict[str, Any], seconds: int) -> None:
    settings, _ = examine(stack, unit_program.configuration(stack, changes), set(), read_stack_files())
    assert settings.suspend_seconds == seconds


def test_secret_keys_are_the_secret_fields() -> None:
    assert SECRET_KEYS == unit_program.SECRET_KEYS


EXAMPLES = {
    "production": ["cloudflareAccountId", "githubOwner", "pagesHost", "bucketPublicHost", "adopt.neonProject"],
    "staging": ["cloudflareAccountId", "githubOwner", "pagesHost", "bucketPublicHost"],
    "dev": ["adopt.neonProject"],
}


@pytest.mark.parametrize("stack", EXAMPLES)
def test_an_up_on_real_accounts_refuses_the_examples_values(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(unit_program.ROOT)
    with pytest.raises(pulumi.RunError) as error:
        run_program(stack, root=unit_program.ROOT)
    lines = [line.partition(": ")[2] for line in str(error.value).splitlines() if line.startswith("  - ")]
    assert [line.partition(" ")[0] for line in lines] == EXAMPLES[stack]
    run_program(stack, root=unit_program.ROOT, preview=True)
    monkeypatch.setenv("RELAY_SANDBOX", "x")
    run_program(stack, root=unit_program.ROOT)


def test_a_size_for_an_adopted_database_wants_its_compute() -> None:
    from infra.config.rules import RULES

    settings, problems = examine("production", unit_program.configuration("production"), set(), read_stack_files())
    assert not problems
    sized = settings.model_copy(update={"own_keys": frozenset({"neonCompute"})})
    found = [text for _, check in RULES for text in check(sized)]
    assert [text for text in found if "set adopt.neonEndpoint to its id" in text]
    adopt = settings.adopt.model_copy(update={"neon_endpoint": "ep-cold-sky-1"})
    assert not [text for _, check in RULES for text in check(sized.model_copy(update={"adopt": adopt}))]
