"""Deployments from GitHub: the environment, who and what may deploy to it, its secrets and variables."""

from collections.abc import Mapping

import pulumi
import pulumi_github as github

from infra.settings import Settings


class Delivery(pulumi.ComponentResource):
    """What GitHub deploys with: secrets and variables of an environment, or, by `githubScope`, of the repository."""

    def __init__(
        self,
        settings: Settings,
        *,
        secrets: Mapping[str, pulumi.Input[str]],
        variables: Mapping[str, pulumi.Input[str]],
    ) -> None:
        super().__init__("relay:infra:Delivery", "delivery")
        self._settings = settings
        provider = github.Provider(
            "github",
            owner=settings.github_owner,
            opts=pulumi.ResourceOptions(parent=self, transformations=[_token_as_configured]),
        )
        child = pulumi.ResourceOptions(parent=self, provider=provider)
        if settings.github_scope == "repository":
            self._in_repository(child, secrets, variables)
        else:
            self._in_environment(child, secrets, variables)
        self.register_outputs({})

    def _in_environment(
        self,
        child: pulumi.ResourceOptions,
        secrets: Mapping[str, pulumi.Input[str]],
        variables: Mapping[str, pulumi.Input[str]],
    ) -> None:
        """Provision an environment that deploys from one branch, or in production from release tags, alone."""
        settings = self._settings
        repository, name, adopt = settings.github_repository, settings.github_environment_name, settings.adopt
        # Made by PUT, with every rule: what is not declared here would be reset.
        environment = github.RepositoryEnvironment(
            "github-environment",
            repository=repository,
            environment=name,
            wait_timer=0,
            can_admins_bypass=True,
            prevent_self_review=False,
            reviewers=[github.RepositoryEnvironmentReviewerArgs(users=sorted(settings.reviewers))]
            if settings.reviewers
            else None,
            deployment_branch_policy=github.RepositoryEnvironmentDeploymentBranchPolicyArgs(
                protected_branches=False, custom_branch_policies=True
            ),
            opts=_adopting(child, f"{repository}:{name}" if adopt.github_environment else None),
        )
        within = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[environment]))
        production, policy = settings.tier == "production", adopt.github_deployment_policy
        github.RepositoryEnvironmentDeploymentPolicy(
            "deployment-policy",
            repository=repository,
            environment=name,
            branch_pattern=None if production else settings.main_branch,
            tag_pattern=settings.release_tags if production else None,
            opts=_adopting(within, f"{repository}:{name}:{policy}" if policy else None),
        )
        for secret, value in secrets.items():
            github.ActionsEnvironmentSecret(
                f"secret-{secret}",
                repository=repository,
                environment=name,
                secret_name=secret,
                value=value,
                opts=within,
            )
        for variable, value in variables.items():
            existing = variable in adopt.github_variables
            github.ActionsEnvironmentVariable(
                f"variable-{variable}",
                repository=repository,
                environment=name,
                variable_name=variable,
                value=value,
                opts=_adopting(within, f"{repository}:{name}:{variable}" if existing else None),
            )

    def _in_repository(
        self,
        child: pulumi.ResourceOptions,
        secrets: Mapping[str, pulumi.Input[str]],
        variables: Mapping[str, pulumi.Input[str]],
    ) -> None:
        """Provision repository secrets and variables, each named after the stack, beside the other stacks' own."""
        settings, repository = self._settings, self._settings.github_repository
        for secret, value in secrets.items():
            github.ActionsSecret(
                f"secret-{secret}",
                repository=repository,
                secret_name=settings.github_name(secret),
                value=value,
                opts=child,
            )
        for variable, value in variables.items():
            name = settings.github_name(variable)
            existing = name in settings.adopt.github_variables
            github.ActionsVariable(
                f"variable-{variable}",
                repository=repository,
                variable_name=name,
                value=value,
                opts=_adopting(child, f"{repository}:{name}" if existing else None),
            )


def _token_as_configured(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    """Keep GITHUB_TOKEN out of the state: the SDK takes it into the inputs, yet the provider reads it itself.

    A token that is a setting stands in the stack file anyway, and the engine gives it to default providers alone.
    """
    configured = pulumi.Config("github").get_secret("token")
    return pulumi.ResourceTransformationResult({**args.props, "token": configured}, args.opts)


def _adopting(opts: pulumi.ResourceOptions, identity: str | None) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(import_=identity))
