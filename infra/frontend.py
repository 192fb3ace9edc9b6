"""The frontend: the one Cloudflare Pages project, whose previews use another stack's API than its production."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import pulumi
import pulumi_cloudflare as cloudflare

from infra.settings import Settings

T = TypeVar("T")


class Frontend(pulumi.ComponentResource):
    """The Pages project.

    Attributes:
        host: Its host as Cloudflare gave it, `….pages.dev`.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__("relay:infra:Frontend", "frontend")
        build, account = settings.pages_build, settings.cloudflare_account_id
        identity = f"{account}/{settings.pages_project}" if settings.adopt.pages_project else None
        # SvelteKit bakes PUBLIC_* variables into the build: a change shows from the next build on.
        production = {**settings.pages_variables, "PUBLIC_API_URL": settings.api_url}
        previews = {**settings.pages_variables, "PUBLIC_API_URL": settings.preview_api_url or ""}
        # Everything is declared, also what is as it was: Cloudflare wipes an undeclared `source`, and the
        # provider shows every undeclared member of the two configurations as a change in each plan.
        project = cloudflare.PagesProject(
            "pages-project",
            account_id=account,
            name=settings.pages_project,
            production_branch=settings.production_branch,
            build_config=cloudflare.PagesProjectBuildConfigArgs(
                build_caching=build.caching,
                build_command=build.command,
                destination_dir=build.output_dir,
                root_dir=build.root_dir,
            ),
            source=cloudflare.PagesProjectSourceArgs(
                type="github",
                config=cloudflare.PagesProjectSourceConfigArgs(
                    owner=settings.github_owner,
                    repo_name=settings.github_repository,
                    production_branch=settings.production_branch,
                    pr_comments_enabled=True,
                    production_deployments_enabled=True,
                    preview_deployment_setting="all",
                    preview_branch_includes=["*"],
                    preview_branch_excludes=[],
                    path_includes=["*"],
                    path_excludes=[],
                ),
            ),
            deployment_configs=cloudflare.PagesProjectDeploymentConfigsArgs(
                preview=cloudflare.PagesProjectDeploymentConfigsPreviewArgs(
                    build_image_major_version=build.image_version,
                    fail_open=True,
                    env_vars=_plain(cloudflare.PagesProjectDeploymentConfigsPreviewEnvVarsArgs, previews),
                ),
                production=cloudflare.PagesProjectDeploymentConfigsProductionArgs(
                    build_image_major_version=build.image_version,
                    fail_open=True,
                    env_vars=_plain(cloudflare.PagesProjectDeploymentConfigsProductionEnvVarsArgs, production),
                ),
            ),
            opts=pulumi.ResourceOptions(parent=self, import_=identity),
        )
        self.host = project.subdomain
        self.register_outputs({"host": self.host})


def _plain(type_: Callable[..., T], variables: Mapping[str, str]) -> dict[str, T]:
    return {name: type_(type="plain_text", value=value) for name, value in variables.items()}
