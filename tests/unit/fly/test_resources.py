"""What Pulumi keeps of a provider, and what the resource classes declare."""

from __future__ import annotations

import base64
import pickle
import subprocess
import sys
from pathlib import Path

import dill
import pulumi
import pytest
from pulumi.dynamic.dynamic import serialize_provider

from infra.providers.fly import resources

# As a state holds them: references by module and name. Were one of these to change, no stack that exists could be
# refreshed or destroyed any more.
STORED = {
    "AppProvider": b"\x80\x04\x95:\x00\x00\x00\x00\x00\x00\x00\x8c\x1binfra.providers.fly.resources\x94",
    "SecretsProvider": b"",
    "DeployTokenProvider": b"",
}
