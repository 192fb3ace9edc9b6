"""Make the frontend: a Cloudflare Pages project whose previews use another stack's API than its production."""

from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare

from infra.application import pages_variables, previews_api_url
from infra.config.groups import PagesBuild
from infra.config.settings import Settings


class Frontend(pulumi.ComponentResource):
    """The Pages project.

    Attributes:
        host: The host that Cloudflare gave it, `….pages.dev`.
        url: Its address.
        outputs: The stack's outputs of this part.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__("relay:infra:Frontend", "frontend")
        build, account, variables = settings.pages_build, settings.cloudflare_account_id, pages_variables(settings)
        identity = f"{account}/{settings.pages_project}" if settings.adopt.pages_project else None
        # Cloudflare wipes an undeclared `source`, and the provider shows most undeclared members as a change in every
        # plan (seen with terraform-provider-cloudflare 5.22.0).
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
            source=_source(settings),
            deployment_configs={
                "preview": _deployment(build, variables["preview"]),
                "production": _deployment(build, variables["production"]),
            },
            opts=pulumi.ResourceOptions(
                parent=self, import_=identity, ignore_changes=sorted(settings.pages_keep) or None
            ),
        )
        self.host = project.subdomain
        self.url: pulumi.Output[str] = self.host.apply("https://{}".format)
        self.outputs: dict[str, Any] = {"pagesHost": self.host, "previewApiUrl": previews_api_url(settings)}
        self.register_outputs({})


def _source(settings: Settings) -> cloudflare.PagesProjectSourceArgs:
    """Return the repository that Pages builds, with each branch as a preview.

    The lists of excludes stay undeclared: the provider stores an empty list as null, a change in every plan.
    """
    return cloudflare.PagesProjectSourceArgs(
        type="github",
        config=cloudflare.PagesProjectSourceConfigArgs(
            owner=settings.github_owner,
            repo_name=settings.github_repository,
            production_branch=settings.production_branch,
            pr_comments_enabled=True,
            production_deployments_enabled=True,
            preview_deployment_setting="all",
            preview_branch_includes=["*"],
            path_includes=["*"],
        ),
    )


def _deployment(
    build: PagesBuild, variables: dict[str, str]
) -> cloudflare.PagesProjectDeploymentConfigsPreviewArgsDict:
    """Return the configuration of Pages' previews or of its production: both have the same members.

    Cloudflare chooses the Workers runtime's behaviour, unless the settings do. The provider stores an empty list of
    flags as null, which would be a change in every plan.
    """
    deployment: cloudflare.PagesProjectDeploymentConfigsPreviewArgsDict = {
        "build_image_major_version": build.image_version,
        "fail_open": True,
        "env_vars": {name: {"type": "plain_text", "value": value} for name, value in variables.items()},
    }
    if build.compatibility_date:
        deployment["compatibility_date"] = build.compatibility_date
    if build.compatibility_flags:
        deployment["compatibility_flags"] = list(build.compatibility_flags)
    return deployment
