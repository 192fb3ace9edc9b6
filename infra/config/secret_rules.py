"""Check that each secret of a stack has one source, and a name that is free."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet

from infra import application
from infra.config.rotation import OAUTH_KEY, ROTATING, STORAGE_TOKEN, made_here
from infra.config.rules import Rules, rule
from infra.config.settings import Settings
from infra.config.validators import dotenv_problem

RULES: Rules = []
"""The rules of this module."""


@rule(RULES, "tier", "extraSecrets")
def _a_dotenv_file_can_carry_secrets(s: Settings) -> Iterator[str]:
    for name, value in sorted(s.extra_secrets.items()) if s.tier == "development" else ():
        if problem := dotenv_problem(value.get_secret_value()):
            yield f"extraSecrets.{name} {problem}"


@rule(RULES)
def _secret_names_are_free(s: Settings) -> Iterator[str]:
    variables = application.github_variables(s)
    of_app, in_github = application.secrets(s).keys(), application.github_secrets(s).keys()
    rows: list[tuple[str, Mapping[str, object], AbstractSet[str]]] = [
        ("extraSecrets", s.extra_secrets, of_app),
        ("secretAliases", s.secret_aliases, of_app | s.extra_secrets.keys()),
        *((f"apps.{app}.secretAliases", own.secret_aliases, own.extra_secrets.keys()) for app, own in s.apps.items()),
        ("githubSecrets", s.github_secrets, in_github),
        ("githubSecretAliases", s.github_secret_aliases, in_github | s.github_secrets.keys()),
        # An adopted variable may keep its present value by `githubVariables`.
        (
            "githubVariables",
            s.github_variables,
            {v for v in variables if s.github_name(v) not in s.adopt.github_variables},
        ),
    ]
    for key, names, taken in rows:
        for name in sorted(names.keys() & taken):
            yield f"{key}.{name}: this name is taken already"
    for key, added in (("adopt.keep: ", s.adopt.keep), *((f"{key}.", names.keys()) for key, names, _ in rows[:2])):
        for name in sorted(added):
            if problem := application.name_problem(s, name):
                yield f"{key}{name}: {problem}"


@rule(RULES)
def _an_alias_has_a_source(s: Settings) -> Iterator[str]:
    known = {*application.secrets(s), *s.extra_secrets} - s.adopt.keep
    groups = {"secretAliases": s.secret_aliases, "githubSecretAliases": s.github_secret_aliases}
    groups |= {f"apps.{app}.secretAliases": own.secret_aliases for app, own in s.apps.items()}
    for key, aliases in groups.items():
        for alias, name in sorted(aliases.items()):
            if name not in known:
                yield f"{key}.{alias} is {name!r}, which this program does not set on the app"


@rule(RULES)
def _a_secret_is_kept_or_set(s: Settings) -> Iterator[str]:
    sources = [
        ("storageAccessKeyId", s.storage_access_key_id, application.STORAGE_KEYS[0]),
        ("storageFrom", s.storage_from, application.STORAGE_KEYS[0]),
        ("logfireToken", s.logfire_token, application.LOGFIRE_TOKEN),
        *((f"extraSecrets.{name}", value, name) for name, value in sorted(s.extra_secrets.items())),
    ]
    for key, value, secret in sources:
        if value and secret in s.adopt.keep:
            yield f"{key} is set, but adopt.keep keeps {secret}: remove one of them"


@rule(RULES, "tier", "manage", "adopt", "storageFrom", "storageAccessKeyId", "storageSecretAccessKey")
def _storage_keys_are_there_and_whole(s: Settings) -> Iterator[str]:
    kept = s.adopt.keep.intersection(STORAGE_TOKEN.secrets)
    if len(kept) == 1:
        yield f"adopt.keep holds {', '.join(kept)} alone: keep both storage keys or neither"
    needed = s.manages("backend") and s.tier != "preview" and not (kept or s.storage_from or s.manages("storage"))
    if bool(s.storage_access_key_id) != bool(s.storage_secret_access_key):
        yield "storageAccessKeyId and storageSecretAccessKey go together: set both or neither"
    elif needed and not s.storage_access_key_id:
        yield (
            "storageAccessKeyId and storageSecretAccessKey are missing: this stack uses the shared bucket but does not "
            "own it. Set the bucket's S3 keys with `pulumi config set --secret`"
        )


@rule(RULES, "manage", "adopt")
def _the_database_url_comes_from_somewhere(s: Settings) -> Iterator[str]:
    url = application.DATABASE_URL
    if s.manages("backend") and not s.manages("database") and url not in s.adopt.keep:
        yield f"manage has `backend` without `database`: put {url} under adopt.keep, or manage the database too"


@rule(RULES, "tier", "manage", "adopt", "storageAccessKeyId", "mintDeployToken", "rotate", "retire")
def _only_keys_made_here_rotate(s: Settings) -> Iterator[str]:
    made = made_here(s)
    for rotating in ROTATING:
        if rotating.counter(s) and rotating not in made:
            why, kept = "this stack makes no such key or token", sorted(s.adopt.keep.intersection(rotating.secrets))
            # Without `adopt.keep`, a stack that does not own the bucket would still make no token.
            if kept and (rotating is not STORAGE_TOKEN or s.manages("storage")):
                why = f"adopt.keep keeps {', '.join(kept)}, and Pulumi rotates no kept secret: take it off that list"
            yield f"rotate.{rotating.key} is {rotating.counter(s)}, but {why}"
    if OAUTH_KEY in made and s.adopt.fly_app and not s.rotate.oauth_key:
        yield (
            f"adopt.keep lacks {application.OAUTH_KEY}, which the adopted app has: a new key would log everybody out. "
            "Keep it, or, for a new key, set rotate.oauthKey to 1"
        )


@rule(RULES, "manage", "adopt", "storageAccessKeyId", "rotate", "retire")
def _the_bucket_has_one_token_or_two(s: Settings) -> Iterator[str]:
    rotate, retire = s.rotate.storage_token, s.retire.storage_token
    now = f"rotate.storageToken is {rotate} and retire.storageToken {retire}"
    if retire > rotate:
        yield f"{now}: the current token cannot be retired"
    elif rotate - retire > 1:
        yield f"{now}: at most two tokens work at a time. Go back to {rotate - 1} and retire the older token first"
