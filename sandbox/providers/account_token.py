"""Account tokens, and the look-up of what they may do, as the `cloudflare` package 6.23.1 presents them."""

# ruff: noqa: ARG002, RUF012 -- every type has the same calls; the tables are class variables of Resource

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.clouds import cloudflare
from sandbox.providers.resource import Resource
from sandbox.providers.schema import Field, each, many, nest, same, text

if TYPE_CHECKING:
    from sandbox.providers.values import Properties
    from sandbox.world import Document, Transaction

_POLICY = nest(
    {
        "effect": text(required=True, enum=("allow", "deny")),
        "permissionGroups": many(nest({"id": text(required=True)}), required=True),
        "resources": Field(kind="json", required=True),
    }
)


class AccountToken(Resource):
    """An API token owned by the account. Its value is there at creation, and never again."""

    type_name = "cloudflare:index/accountToken:AccountToken"
    label = "account-token"
    import_id = ("accountId", "id")
    inputs = {
        "accountId": text(required=True, replace=True),
        "name": text(required=True),
        "policies": many(_POLICY, required=True),
        "condition": nest({"requestIp": nest(each("ins notIns", many()))}),
        **each("expiresOn notBefore", text()),
        "status": text(computed=True, enum=("active", "disabled", "expired")),
    }
    outputs = {
        **each("creatorEmailAtCreation issuedOn lastUsedOn modifiedOn provisionerId provisionerType", text()),
        "value": text(secret=True),
    }

    def identity(self, state: Properties) -> str:
        """Return the token's id."""
        return str(state["id"])

    def create(self, tx: Transaction, owner: str, inputs: Properties) -> Properties:
        """Make the token."""
        return self._shown(cloudflare.create_token(tx, inputs["accountId"], self.body(inputs)), inputs)

    def read(self, tx: Transaction, owner: str, state: Properties) -> Properties:
        """Read it, keeping the value from the state; an expired one counts as gone."""
        found = cloudflare.token(tx, state["accountId"], state["id"])
        if found["status"] == "expired":
            raise cloudflare.token_missing(state["id"])
        return self._shown(found, state)

    def update(self, tx: Transaction, owner: str, state: Properties, inputs: Properties) -> Properties:
        """Change it in place; id and value stay."""
        found = cloudflare.update_token(tx, inputs["accountId"], state["id"], self.body(inputs))
        return self._shown(found, {**state, **inputs})

    def delete(self, tx: Transaction, owner: str, state: Properties) -> None:
        """Revoke it."""
        cloudflare.delete_token(tx, state["accountId"], state["id"])

    def _shown(self, found: Document, given: Properties) -> Properties:
        kept = {"value": given["value"]} if "value" in given else {}
        shown = {**kept, **self.state(found), "id": found["id"]}
        spec = self.inputs["policies"]
        # The spelling of the JSON in the state stays the program's as long as it says the same.
        if "policies" in given and same(spec, shown["policies"], given["policies"]):
            shown["policies"] = given["policies"]
        return shown


PERMISSION_GROUPS = "cloudflare:index/getAccountApiTokenPermissionGroupsList:getAccountApiTokenPermissionGroupsList"


def permission_groups(tx: Transaction, args: Properties) -> Properties:
    """Answer the list of permission groups. Filters are matched as they come, as the real client sends them."""
    wanted = (args["accountId"], args.get("name", ""), args.get("scope", ""))
    groups = cloudflare.permission_groups(tx, *wanted)
    shown: list[Document] = [
        {"isSelectable": group["is_selectable"], **{name: group[name] for name in ("id", "name", "scopes", "category")}}
        for group in groups
    ]
    return {**args, "results": shown}
