"""Names and addresses whose rules the clouds would only enforce halfway through an `up`."""

import re
from typing import Annotated

from pydantic import AfterValidator

from infra.providers.fly.names import APP, SECRET

_HOST = rf"({APP.pattern}\.)+[a-z][a-z0-9-]*"  # an app's name is a label of its host, so its rule is that of labels
_WEB_URL = f"https://{_HOST}"
_ENVIRONMENT = r"[A-Za-z0-9][A-Za-z0-9 _.-]{0,254}"


def _matching(pattern: str, rule: str) -> AfterValidator:
    def check(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(rule)
        return value

    return AfterValidator(check)


AppName = Annotated[str, _matching(*APP)]
SecretName = Annotated[str, _matching(*SECRET)]
Host = Annotated[str, _matching(_HOST, "a host is lower case, with neither scheme nor slash: `relay-4i6.pages.dev`")]
WebUrl = Annotated[
    str, _matching(_WEB_URL, "a URL here is https, a lower-case host and no trailing slash: `https://api.example.com`")
]
EnvironmentName = Annotated[
    str, _matching(_ENVIRONMENT, "a GitHub environment's name has letters, digits, ' ', '_', '.' and '-'")
]
