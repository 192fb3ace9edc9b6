"""What the program registers for each stack."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pulumi
import pytest

from tests.unit.program import ANSWERS, ROOT, Run, State, ran, run_program

GOLDEN = Path(__file__).parent / "golden"
STACKS = ("dev", "pr-7", "staging", "production")


def urns(run: Run) -> str:
    """Return the part of each URN that the program decides: the types of its parents, its type, its name."""
    found = [resource.urn.split("::", 2)[2] for resource in run.resources if resource.type != "pulumi:pulumi:Stack"]
    return "".join(f"{urn}\n" for urn in sorted(urn.removeprefix("pulumi:pulumi:Stack$") for urn in found))


@pytest.mark.parametrize("stack", STACKS)
def test_urns_are_frozen(stack: str) -> None:
    """A changed line is a resource that the next `up` deletes and creates: give it an alias instead."""
    found = urns(ran(stack))
    assert found == (GOLDEN / f"urns.{stack}.txt").read_text(encoding="utf-8")


def test_urns_of_an_empty_world_are_frozen() -> None:
    """Production that adopts nothing makes a storage token and an OAuth key of its own."""
    found = urns(ran("production", {"adopt": None}))
    assert found == (GOLDEN / "urns.production-empty.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("stack", STACKS)
def test_committed_stack_files_are_good(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("RELAY_SANDBOX", "x")  # which may use the example's accounts
    assert run_program(stack, root=ROOT).outputs["environment"]


def test_staging_sets_every_secret_the_backend_needs() -> None:
    values = ran("staging").one("fly-secrets").inputs["values"]
    assert values == {
        "DATABASE_URL": (
            "postgresql+psycopg://neondb_owner:npg_CanaryNeonPassword@ep-cold-sky-1.eu-central-1.aws.neon.tech"
            "/neondb?sslmode=require"
        ),
        "ATPROTO_CLIENT_ID": "https://tune-api-staging.fly.dev/client-metadata.json",
        "ATPROTO_REDIRECT_URI": "https://tune-api-staging.fly.dev/auth/callback",
        "ATPROTO_APP_NAMESPACE": "app.relay-staging",
        "OAUTH_ENCRYPTION_KEY": "VwtLa4ekvqaDtIUi8g1FTeMPfHlxSfFqnA5coye4Po0=",
        "AWS_ACCESS_KEY_ID": "5a4d5b0c" * 4,
        "AWS_SECRET_ACCESS_KEY": "5a4d5b0c" * 8,
        "LOGFIRE_ENABLED": "false",
        "LOGFIRE_ENVIRONMENT": "staging",
        "FRONTEND_URL": "https://staging.tune-8xz.pages.dev",
        "FRONTEND_CORS_ORIGIN_REGEX": (
            r"^(https://staging\.tune\-8xz\.pages\.dev|https://[a-z0-9-]+\.tune\-8xz\.pages\.dev)$"
        ),
    }


def test_production_writes_no_kept_secret() -> None:
    inputs = ran("production").one("fly-secrets").inputs
    assert set(inputs["keep"]) == {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "DATABASE_URL",
        "LOGFIRE_WRITE_TOKEN",
        "OAUTH_ENCRYPTION_KEY",
    }
    assert not set(inputs["keep"]) & set(inputs["values"])
    assert inputs["values"]["LOGFIRE_ENABLED"] == "true"  # its token is kept
    assert "ATPROTO_APP_NAMESPACE" not in inputs["values"]  # production has the backend's default


def test_a_kept_oauth_key_is_never_generated() -> None:
    assert "oauth-key" not in ran("production").names()


def test_every_secret_value_is_an_encrypted_input() -> None:
    secrets = ran("staging").one("fly-secrets")
    # A dict with an unknown in it becomes one secret; else each entry is one. Either way nothing is plain.
    covered = secrets.secrets
    assert all("values" in covered or f"values.{name}" in covered for name in secrets.inputs["values"])
    assert "digestKey" in covered or "digest_key" in covered


@pytest.mark.parametrize("stack", STACKS)
def test_no_resource_whose_id_is_its_secret(stack: str) -> None:
    """Pulumi never encrypts an id, and `RandomBytes` has its value as id."""
    types = {resource.type for resource in ran(stack, {"adopt": None}).resources}
    assert not {kind for kind in types if "RandomBytes" in kind or "RandomId" in kind}


def test_storage_keys_of_an_own_token() -> None:
    run = ran("production", {"adopt": None})
    policy = run.one("storage-token").inputs["policies"][0]
    assert json.loads(policy["resources"]) == {
        "com.cloudflare.edge.r2.bucket.ffffffffffffffffffffffffffffff01_default_tune-audio": "*"
    }
    assert policy["permissionGroups"] == [{"id": "9" * 32}]
    values = run.one("fly-secrets").inputs["values"]
    assert values["AWS_ACCESS_KEY_ID"] == "storage-token-id"
    # printf CanaryTokenValue | sha256sum
    assert values["AWS_SECRET_ACCESS_KEY"] == "3c09831edcf4f4c659500722705ca4da79beab28b5ed77a34fd7bda7db6a08ed"
    assert "storageSecretAccessKey" in run.secret_outputs


def test_previews_use_the_api_of_staging() -> None:
    configs = ran("production").one("pages-project").inputs["deploymentConfigs"]
    assert configs["preview"]["envVars"]["PUBLIC_API_URL"]["value"] == "https://tune-api-staging.fly.dev"
    assert configs["production"]["envVars"]["PUBLIC_API_URL"]["value"] == "https://tune-api.fly.dev"


def test_adoption_imports_by_id() -> None:
    run = ran("production")
    assert {r.name: r.options.importId for r in run.resources if r.options.importId} == {
        "neon-project": "tall-oak-33334444",
        "pages-project": "ffffffffffffffffffffffffffffff01/tune",
        "bucket": "ffffffffffffffffffffffffffffff01/tune-audio/default",
    }
    assert run.one("fly-app").inputs["adopt"] is True


def test_an_adopted_github_environment_is_imported_whole() -> None:
    adopt = {
        "githubEnvironment": "staging",
        "githubDeploymentPolicy": 42,
        "githubVariables": ["FLY_APP"],
    }
    run = ran("staging", {"adopt": adopt})
    assert {r.name: r.options.importId for r in run.resources if r.options.importId} == {
        "github-environment": "tune:staging",
        "deployment-policy": "tune:staging:42",
        "variable-FLY_APP": "tune:staging:FLY_APP",
    }


def test_a_deploy_token_reaches_github() -> None:
    run = ran("staging", {"flyDeployToken": "FlyV1 fm2_given"})
    secret = run.one("secret-FLY_API_TOKEN")
    assert secret.inputs["value"] == "FlyV1 fm2_given"
    assert "value" in secret.secrets


def test_a_minted_deploy_token_reaches_github() -> None:
    run = ran("staging", {"mintDeployToken": True})
    assert run.one("secret-FLY_API_TOKEN").inputs["value"] == "FlyV1 fm2_CanaryMinted"
    assert run.one("deploy-token").inputs["prefix"] == "relay-staging"


ROTATED = {"rotate": {"oauthKey": 1, "storageToken": 1, "deployToken": 1}, "mintDeployToken": True, "adopt": None}
RETIRED = ROTATED | {"retire": {"storageToken": 1, "confirmed": {"staging": 1}}}
BUCKET_SECRETS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


def test_a_rotation_replaces_the_oauth_key_and_the_deploy_token() -> None:
    run = ran("production", ROTATED)
    assert run.one("oauth-key").inputs["keepers"] == {"rotation": "1"}
    assert run.one("deploy-token").inputs["rotation"] == 1
    assert "keepers" not in ran("production", {"adopt": None}).one("oauth-key").inputs


def test_a_rotation_of_the_buckets_token_adds_a_slot_and_uses_it() -> None:
    run = ran("production", ROTATED)
    assert run.names() >= {"storage-token", "storage-token-1"}
    secrets = run.one("fly-secrets").inputs
    assert secrets["values"]["AWS_ACCESS_KEY_ID"] == "storage-token-1-id"
    assert secrets["slots"] == {key: [0, 1] for key in BUCKET_SECRETS}
    assert run.outputs["storageAccessKeyId"] == "storage-token-1-id"
    assert "storageAccessKeyId" not in run.secret_outputs
    assert "storageSecretAccessKey" in run.secret_outputs


def test_retire_drops_the_old_slot_alone() -> None:
    run = ran("production", RETIRED)
    assert "storage-token-1" in run.names()
    assert "storage-token" not in run.names()
    assert run.one("fly-secrets").inputs["slots"] == {key: [1] for key in BUCKET_SECRETS}


def test_the_user_of_the_new_token_depends_on_the_old_one() -> None:
    """The engine deletes nothing that a protected or failed resource depends on, whatever flags it is given."""
    user = ran("production", ROTATED).one("fly-secrets").options
    assert user.protect
    assert {"storage-token", "storage-token-1"} <= {urn.rsplit("::", 1)[1] for urn in user.dependencies}


def test_the_secrets_of_given_and_kept_keys_have_no_slots() -> None:
    for stack in ("staging", "production"):
        assert ran(stack).one("fly-secrets").inputs["slots"] == {}


def test_an_up_says_how_the_rotation_of_the_buckets_token_ends() -> None:
    def said(run: Run) -> list[str]:
        return [text for text in run.messages if "still works" in text]

    assert not said(ran("production", RETIRED))
    assert not said(ran("production", ROTATED, preview=True))
    (message,) = said(ran("production", ROTATED))
    assert "Once Fly app tune-api is deployed" in message
    assert "pulumi config set --path retire.storageToken 1 -s production" in message


def test_without_a_deploy_token_two_commands_finish_it() -> None:
    run = ran("staging")
    assert "secret-FLY_API_TOKEN" not in run.names()
    (message,) = [text for text in run.messages if "FLY_API_TOKEN" in text]
    assert "in GitHub environment 'staging'" in message
    assert "flyctl tokens create deploy -a tune-api-staging" in message
    assert "pulumi up -s staging" in message
    assert not [text for text in ran("staging", preview=True).messages if "FLY_API_TOKEN" in text]


def test_a_token_of_the_repository_names_no_environment() -> None:
    messages = ran("staging", {"githubScope": "repository"}).messages
    (message,) = [text for text in messages if "FLY_API_TOKEN" in text]
    assert message.startswith("FLY_API_TOKEN_STAGING is not set in GitHub repository tune-works/tune,")
    assert "environment" not in message


def test_no_token_of_the_environment_is_in_the_state(monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview, whose own token can only read, can decrypt the state."""
    monkeypatch.setenv("GITHUB_TOKEN", "CanaryGitHub")
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "CanaryCloudflare")
    monkeypatch.setenv("NEON_API_KEY", "CanaryNeon")
    run = run_program("production", {"flyDeployToken": "FlyV1 fm2_given"})
    assert "token" not in run.one("github").inputs
    for resource in run.resources:
        assert not re.search("Canary(GitHub|Cloudflare|Neon)", json.dumps(resource.inputs).replace("CanaryNeonP", ""))


def test_a_configured_token_reaches_githubs_provider(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine gives `github:` settings to default providers alone."""
    monkeypatch.setenv("GITHUB_TOKEN", "CanaryGitHub")
    get = pulumi.Config.get_secret
    monkeypatch.setattr(
        pulumi.Config,
        "get_secret",
        lambda config, key, *_: pulumi.Output.secret("CanarySet") if config.name == "github" else get(config, key),
    )
    provider = run_program("staging").one("github")
    assert provider.inputs["token"] == "CanarySet"
    assert "token" in provider.secrets


@pytest.mark.parametrize(("stack", "kind"), [("staging", "branchPattern"), ("production", "tagPattern")])
def test_what_may_deploy(stack: str, kind: str) -> None:
    inputs = ran(stack).one("deployment-policy").inputs
    assert inputs[kind] == {"branchPattern": "main", "tagPattern": "v*"}[kind]
    assert {"branchPattern", "tagPattern"} - inputs.keys() == {"branchPattern", "tagPattern"} - {kind}


def test_dev_needs_neon_alone() -> None:
    packages = {r.type.split(":")[0] for r in ran("dev").resources}
    assert packages == {"pulumi", "relay", "neon", "random"}


def test_dev_outputs_two_dotenv_files() -> None:
    run = ran("dev")
    assert "dotenv" in run.secret_outputs
    lines = run.outputs["dotenv"].splitlines()
    assert "STORAGE_BACKEND=filesystem" in lines
    assert not [line for line in lines if line.startswith("AWS_")]
    assert run.outputs["frontendDotenv"] == "PUBLIC_API_URL=http://localhost:8000"


def test_dev_uses_the_bucket_when_given_keys() -> None:
    keys = {"storageAccessKeyId": "a" * 32, "storageSecretAccessKey": "b" * 64}
    lines = ran("dev", keys).outputs["dotenv"].splitlines()
    assert {"STORAGE_BACKEND=r2", "R2_BUCKET=tune-audio", f"AWS_ACCESS_KEY_ID={'a' * 32}"} <= set(lines)


def test_plain_settings_of_the_fly_file() -> None:
    assert ran("staging").outputs["flyEnv"] == {
        "STORAGE_BACKEND": "r2",
        "R2_BUCKET": "tune-audio",
        "R2_ENDPOINT_URL": "https://ffffffffffffffffffffffffffffff01.r2.cloudflarestorage.com",
        "R2_PUBLIC_BUCKET_URL": "https://pub-99999999999999999999999999999999.r2.dev",
    }


def test_a_pages_host_that_differs_is_said_with_its_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ANSWERS, "cloudflare:index/pagesProject:PagesProject", {"subdomain": "tune.pages.dev"})
    (message,) = [text for text in run_program("production").messages if "pagesHost" in text]
    assert "sed -i.bak 's/tune-8xz.pages.dev/tune.pages.dev/' Pulumi.yaml" in message


def test_a_new_database_is_said_once() -> None:
    (message,) = [text for text in ran("staging").messages if "new and empty" in text]
    assert "tune-staging" in message
    assert "docs/operating.md" in message
    outputs = ran("staging").outputs
    for quiet in (
        run_program("staging", before=outputs),
        ran("staging", preview=True),
        ran("production"),  # adopts its database
    ):
        assert not [text for text in quiet.messages if "new and empty" in text]


def test_a_restore_key_reaches_the_environment_with_its_project() -> None:
    run = ran("production", {"neonRestoreKey": "napi_canary"})
    assert run.one("secret-NEON_API_KEY").inputs["value"] == "napi_canary"
    assert "value" in run.one("secret-NEON_API_KEY").secrets
    assert run.one("variable-NEON_PROJECT_ID").inputs["value"] == "tall-oak-33334444"
    assert "secret-NEON_API_KEY" not in ran("production").names()


def test_extra_secrets_are_set() -> None:
    run = ran("staging", {"extraSecrets": {"STRIPE_KEY": "sk_canary"}})
    assert run.one("fly-secrets").inputs["values"]["STRIPE_KEY"] == "sk_canary"


def test_no_secret_in_a_plain_output() -> None:
    for stack in STACKS:
        run = ran(stack, {"adopt": None, "extraSecrets": {"X": "CanaryExtra"}})
        plain = {key: value for key, value in run.outputs.items() if key not in run.secret_outputs}
        assert "Canary" not in json.dumps(plain)


def test_a_part_that_is_not_managed_is_not_touched() -> None:
    adopt = {"flyApp": "tune-api", "keep": ["DATABASE_URL", "OAUTH_ENCRYPTION_KEY"]}
    keys = {"storageAccessKeyId": "a" * 32, "storageSecretAccessKey": "b" * 64}
    run = ran("production", {"manage": ["backend"], "adopt": adopt, "previewStack": None, **keys})
    assert {r.type.split(":")[0] for r in run.resources} == {"pulumi", "relay", "random", "pulumi-python"}


def test_wrong_configuration_registers_nothing() -> None:
    with pytest.raises(pulumi.RunError, match="nothing was touched"):
        run_program("staging", {"flyApp": None})


def test_repository_scope_names_secrets_after_the_stack() -> None:
    changes = {"githubScope": "repository", "flyDeployToken": "FlyV1 fm2_given"}
    run = ran("staging", changes | {"adopt": {"githubVariables": ["API_URL_STAGING"]}})
    assert not [r for r in run.resources if "nvironment" in r.type]
    assert run.one("secret-FLY_API_TOKEN").inputs["secretName"] == "FLY_API_TOKEN_STAGING"
    assert run.one("variable-FLY_APP").inputs["variableName"] == "FLY_APP_STAGING"
    assert run.one("variable-API_URL").options.importId == "tune:API_URL_STAGING"


def test_further_buckets() -> None:
    changes = {"extraBuckets": {"tune-art": {}, "tune-logs": {}}, "adopt": {"extraBuckets": ["tune-logs"]}}
    run = ran("production", changes)
    assert run.one("bucket-tune-art").inputs["name"] == "tune-art"
    assert run.one("bucket-tune-logs").options.importId == "ffffffffffffffffffffffffffffff01/tune-logs/default"


def test_further_buckets_are_reached_by_the_minted_key_and_served_as_configured() -> None:
    buckets: dict[str, Any] = {"tune-art": {"public": True, "cors": True}, "tune-logs": {}}
    run = ran("production", {"adopt": None, "extraBuckets": buckets})
    account = "ffffffffffffffffffffffffffffff01"
    assert json.loads(run.one("storage-token").inputs["policies"][0]["resources"]) == {
        f"com.cloudflare.edge.r2.bucket.{account}_default_{name}": "*" for name in ("tune-audio", *buckets)
    }
    assert run.one("public-domain-tune-art").inputs["bucketName"] == "tune-art"
    assert run.one("cors-tune-art").inputs["rules"] == run.one("bucket-cors").inputs["rules"]
    assert not {"public-domain-tune-logs", "cors-tune-logs"} & run.names()


def test_a_new_database_gets_the_configured_compute() -> None:
    def compute(stack: str, changes: dict[str, Any]) -> Any:
        return ran(stack, changes).one("neon-project").inputs.get("defaultEndpointSettings")

    size = {"neonCompute": {"minCu": 0.5, "maxCu": 1}}
    wanted = {"autoscalingLimitMinCu": 0.5, "autoscalingLimitMaxCu": 1}
    assert compute("staging", size) == wanted
    paid = size | {"neonPlan": "launch"}
    assert compute("staging", paid) == wanted | {"suspendTimeoutSeconds": 300}
    assert compute("production", {"adopt": None, **paid}) == wanted | {"suspendTimeoutSeconds": -1}
    assert compute("production", {}) is None  # an adopted project keeps its own


@pytest.mark.parametrize(("refs", "protected"), [("protected", True), ("any", None)])
def test_an_environment_may_deploy_from_other_refs(refs: str, protected: bool | None) -> None:
    run = ran("staging", {"approval": {"deploysFrom": refs}})
    policy = run.one("github-environment").inputs.get("deploymentBranchPolicy")
    assert (policy and policy["protectedBranches"]) == protected
    assert "deployment-policy" not in run.names()


@pytest.mark.parametrize("kept", [{}, {"PUBLIC_API_URL": "https://tune-api.fly.dev"}])
def test_the_api_of_previews_is_an_output(kept: dict[str, str]) -> None:
    run = ran("production", {"pagesPreviewVariables": kept})
    assert run.outputs["previewApiUrl"] == kept.get("PUBLIC_API_URL", "https://tune-api-staging.fly.dev")


def test_what_adoption_found_different_is_left_as_it_is() -> None:
    run = ran("production", {"pagesKeep": ["source.config.owner"]})
    assert [*run.one("pages-project").options.ignoreChanges] == ["source.config.owner"]
    assert "allowedIps" in run.one("neon-project").options.ignoreChanges
    value = {"adopt": {"githubEnvironment": "staging", "githubVariables": ["API_URL"]}}
    run = ran("staging", value | {"githubVariables": {"API_URL": "https://old.example"}})
    assert run.one("variable-API_URL").inputs["value"] == "https://old.example"


def test_an_existing_compute_is_imported_with_the_projects_id() -> None:
    size = {"neonPlan": "scale", "neonCompute": {"maxCu": 4, "suspendSeconds": 600}}
    made = {"adopt": {"neonEndpoint": "ep-cold-sky-1"}, **size}
    state: State = {"neon-project": ("neon:index/project:Project", {"id": "calm-hill-1"})}
    endpoint = run_program("staging", made, state=state).one("neon-endpoint")
    assert endpoint.options.importId == "calm-hill-1/ep-cold-sky-1"
    assert endpoint.options.retainOnDelete
    assert endpoint.inputs["autoscalingLimitMaxCu"] == 4
    assert endpoint.inputs["suspendTimeoutSeconds"] == 600
    assert "neon-endpoint" not in ran("staging", made).names()  # the project is not made yet


def test_a_size_that_reaches_no_existing_compute_is_warned_of() -> None:
    def warned(recorded: float) -> bool:
        settings = {"defaultEndpointSettings": {"autoscalingLimitMinCu": 0.25, "autoscalingLimitMaxCu": recorded}}
        state: State = {"neon-project": ("neon:index/project:Project", settings)}
        run = run_program("staging", {"neonCompute": {"maxCu": 1}}, state=state, preview=True)
        return any("computes that Neon makes later" in text for text in run.messages)

    assert warned(2)
    assert not warned(1)
    adopted = run_program("production", {"neonCompute": {"maxCu": 1}}, preview=True).messages
    assert any("computes that Neon makes later" in text for text in adopted)


def test_the_database_url_is_a_secret_output() -> None:
    run = ran("staging")
    assert run.outputs["databaseUrl"] == run.one("fly-secrets").inputs["values"]["DATABASE_URL"]
    assert "databaseUrl" in run.secret_outputs


def test_a_fourth_environment_is_configuration_alone() -> None:
    changes = {"tier": "staging", "manage": ["database", "backend"], "neonProject": "tune-qa", "flyApp": "tune-api-qa"}
    keys = {"storageAccessKeyId": "a" * 32, "storageSecretAccessKey": "b" * 64}
    run = ran("qa", changes | keys)
    assert run.one("fly-secrets").inputs["values"]["ATPROTO_APP_NAMESPACE"] == "app.relay-qa"
    assert run.one("fly-secrets").inputs["values"]["LOGFIRE_ENVIRONMENT"] == "qa"


def test_custom_domains() -> None:
    run = ran("staging", {"apiUrl": "https://api.tune.example", "frontendUrl": "https://tune.example"})
    values = run.one("fly-secrets").inputs["values"]
    assert values["ATPROTO_CLIENT_ID"] == "https://api.tune.example/client-metadata.json"
    assert values["FRONTEND_URL"] == "https://tune.example"
    assert re.fullmatch(values["FRONTEND_CORS_ORIGIN_REGEX"], "https://tune.example")
    assert re.fullmatch(values["FRONTEND_CORS_ORIGIN_REGEX"], "https://fix-a-b-1.tune-8xz.pages.dev")
    assert not re.fullmatch(values["FRONTEND_CORS_ORIGIN_REGEX"], "https://evil-tune-8xz.pages.dev")


@pytest.mark.parametrize("preview", ["fix-a-b-1", "0a1b2c3d", "dependabot-npm-vite-7-1-2"])
def test_staging_answers_every_preview(preview: str) -> None:
    pattern = ran("staging").one("fly-secrets").inputs["values"]["FRONTEND_CORS_ORIGIN_REGEX"]
    assert re.fullmatch(pattern, f"https://{preview}.tune-8xz.pages.dev")
    for other in (f"http://{preview}.tune-8xz.pages.dev", f"https://{preview}.tune-8xz.pages.dev.evil.example"):
        assert not re.fullmatch(pattern, other)


def test_previews_do_not_reach_production() -> None:
    pattern = ran("production").one("fly-secrets").inputs["values"]["FRONTEND_CORS_ORIGIN_REGEX"]
    assert re.fullmatch(pattern, "https://tune-8xz.pages.dev")
    assert not re.fullmatch(pattern, "https://fix-a-b-1.tune-8xz.pages.dev")


def test_an_address_that_is_kept_beside_another_api_is_warned_of() -> None:
    """Fly shows no value: the kept client id may name the old address."""
    adopt = {"flyApp": "tune-api", "keep": ["ATPROTO_CLIENT_ID", "OAUTH_ENCRYPTION_KEY"]}
    messages = ran("production", {"adopt": adopt, "apiUrl": "https://api.tune.example"}).messages
    (warning,) = [text for text in messages if "keeps ATPROTO_CLIENT_ID" in text]
    assert warning.startswith("apiUrl is 'https://api.tune.example', and app tune-api keeps ATPROTO_CLIENT_ID")
