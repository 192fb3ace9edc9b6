"""Set up deployments from GitHub: an environment with its rules, secrets and variables."""

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
import pulumi_github as github

from infra import application
from infra.config.settings import Settings
from infra.parts.values import aliased, inputs_of


class Delivery(pulumi.ComponentResource):
    """Secrets and variables that GitHub deploys with: an environment's or, by `githubScope`, the repository's.

    Attributes:
        outputs: The stack's outputs of this part.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        minted_token: pulumi.Output[str] | None,
        neon_project: pulumi.Input[str] | None,
        frontend_url: pulumi.Output[str] | None = None,
        app_secrets: Mapping[str, pulumi.Input[str]],
    ) -> None:
        super().__init__("relay:infra:Delivery", "delivery")
        opts = pulumi.ResourceOptions(parent=self, transformations=[_token_as_configured])
        provider = github.Provider("github", owner=settings.github_owner, opts=opts)
        within = pulumi.ResourceOptions(parent=self, provider=provider)
        repository, environment = settings.github_repository, settings.github_environment_name
        in_environment = settings.github_scope == "environment"
        if in_environment:
            within = _environment(settings, within)
        secrets = application.github_secrets(settings, settings.fly_deploy_token or minted_token)
        variables = application.github_variables(settings, neon_project, frontend_url)
        shared = aliased(app_secrets, settings.github_secret_aliases)
        for secret, value in (inputs_of({**secrets, **settings.github_secrets}) | shared).items():
            resource, name = f"secret-{secret}", settings.github_name(secret)
            if in_environment:
                github.ActionsEnvironmentSecret(
                    resource, repository=repository, environment=environment, secret_name=name, value=value, opts=within
                )
            else:
                github.ActionsSecret(resource, repository=repository, secret_name=name, value=value, opts=within)
        for variable, text in inputs_of({**variables, **settings.github_variables}).items():
            resource, name = f"variable-{variable}", settings.github_name(variable)
            identity = [repository, environment, name] if in_environment else [repository, name]
            opts = _adopting(within, identity if name in settings.adopt.github_variables else None)
            if in_environment:
                github.ActionsEnvironmentVariable(
                    resource, repository=repository, environment=environment, variable_name=name, value=text, opts=opts
                )
            else:
                github.ActionsVariable(resource, repository=repository, variable_name=name, value=text, opts=opts)
        self.outputs: dict[str, Any] = {"githubEnvironment": environment}
        self.register_outputs({})


def _environment(settings: Settings, child: pulumi.ResourceOptions) -> pulumi.ResourceOptions:
    """Make an environment that by default deploys from one branch alone, or in production from release tags alone.

    Returns:
        Options for its secrets and variables, which make them wait for the environment.
    """
    repository, name = settings.github_repository, settings.github_environment_name
    policy = settings.adopt.github_deployment_policy
    approval, refs = settings.approval, settings.approval.deploys_from
    reviewers = github.RepositoryEnvironmentReviewerArgs(
        users=sorted(approval.users) or None, teams=sorted(approval.teams) or None
    )
    policies = github.RepositoryEnvironmentDeploymentBranchPolicyArgs(
        protected_branches=refs == "protected", custom_branch_policies=refs == "policy"
    )
    # GitHub's PUT carries every rule, and resets each rule that is not declared here.
    environment = github.RepositoryEnvironment(
        "github-environment",
        repository=repository,
        environment=name,
        wait_timer=approval.wait_minutes,
        can_admins_bypass=approval.admins_bypass,
        prevent_self_review=not approval.self_review,
        reviewers=[reviewers] if approval.users or approval.teams else None,
        deployment_branch_policy=None if refs == "any" else policies,
        opts=_adopting(child, [repository, name] if settings.adopt.github_environment else None),
    )
    within = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[environment]))
    if refs != "policy":
        return within
    production = settings.tier == "production"
    github.RepositoryEnvironmentDeploymentPolicy(
        "deployment-policy",
        repository=repository,
        environment=name,
        branch_pattern=None if production else settings.main_branch,
        tag_pattern=settings.release_tags if production else None,
        opts=_adopting(within, [repository, name, str(policy)] if policy else None),
    )
    return within


def _token_as_configured(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    """Keep GITHUB_TOKEN out of the state: the SDK copies it into the inputs, though the provider reads it itself.

    A token under `github:token` is configuration, which the engine gives to default providers alone.
    """
    configured = pulumi.Config("github").get_secret("token")
    return pulumi.ResourceTransformationResult({**args.props, "token": configured}, args.opts)


def _adopting(opts: pulumi.ResourceOptions, identity: Iterable[str] | None) -> pulumi.ResourceOptions:
    """Return the options with the identity to import, if there is one; GitHub's provider joins its parts with `:`."""
    import_ = pulumi.ResourceOptions(import_=":".join(identity) if identity else None)
    return pulumi.ResourceOptions.merge(opts, import_)
