"""Make clients of the clouds for tools, with the credentials that Pulumi's providers take."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from infra.checks.clients import SERVICES
from infra.checks.credentials import CREDENTIALS
from infra.clouds.http import Client, CloudError
from infra.providers.fly.errors import FlyError
from ops import stacks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

T = TypeVar("T")


class Access(NamedTuple):
    """A stack's access to the clouds.

    Attributes:
        configured: The providers' own settings by `namespace:key`, decrypted.
    """

    configured: dict[str, str]

    @classmethod
    def of(cls, stack: str) -> Access:
        """Return a stack's access. Pulumi's configuration comes before the environment, as it does for a provider.

        Raises:
            StackError: The CLI cannot be run.
        """
        done = stacks.ask("config", "--json", "--show-secrets", "--stack", stack, root=stacks.folder())
        # If the stack or its passphrase is missing, only the environment counts.
        values = json.loads(done.stdout) if done.returncode == 0 else {}
        wanted = {credential.config for credential in CREDENTIALS.values()}
        return cls({key: str(entry.get("value", "")) for key, entry in values.items() if key in wanted})

    def client(self, service: str) -> Client:
        """Return a client of a service, by its name in `CREDENTIALS`.

        Raises:
            CloudError: There is no credential.
        """
        wanted = CREDENTIALS[service]
        value = self.configured.get(wanted.config) or wanted.in_environment(os.environ)
        if not value:
            raise CloudError(f"{wanted.variables[-1]} is not set. It takes {wanted.wanted(frozenset())}")
        return Client(SERVICES[service], value)


def ask_all(questions: Mapping[str, Callable[[], Iterable[T]]]) -> tuple[list[T], dict[str, str]]:
    """Ask all questions at once.

    Args:
        questions: The questions by name. A question asks one service.

    Returns:
        All answers in order; and by name, the reason why a service gave no usable answer.
    """
    answers: list[T] = []
    unanswered = {}

    def asked(question: Callable[[], Iterable[T]]) -> list[T] | str:
        try:
            return list(question())
        except (CloudError, FlyError) as error:
            return str(error)

    with ThreadPoolExecutor(16) as pool:
        for name, answer in zip(questions, pool.map(asked, questions.values()), strict=True):
            if isinstance(answer, str):
                unanswered[name] = answer
            else:
                answers += answer
    return answers, unanswered
