"""What a measurement was taken on: without it, seconds say nothing."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib import metadata
from pathlib import Path

from setup.engine.locate import BUILT, locate

_PACKAGES = ("pulumi", "pulumi-cloudflare", "pulumi-github", "pulumi-random", "pydantic", "grpcio")


def describe() -> dict[str, str]:
    """Return the machine and the versions, by what a reader calls them."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text(encoding="utf-8"))
    memory = re.search(r"MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text(encoding="utf-8"))
    engine = subprocess.run(["pulumi", "version"], capture_output=True, text=True, check=True).stdout.strip()  # noqa: S607
    own = locate() == BUILT / "pulumi"
    host = "built from its Go module, with the sandbox's language host" if own else "the installed CLI"
    return {
        "Machine": f"{os.cpu_count()} × {cpu[1] if cpu else platform.machine()}, "
        f"{int(memory[1]) / 2**20 if memory else 0:.0f} GiB, Linux {platform.release()}",
        "Load before": f"{os.getloadavg()[0]:.1f} (one minute's average)",
        "Engine": f"{engine}, {host}",
        "Python": f"{platform.python_version()}; "
        + ", ".join(f"{package} {metadata.version(package)}" for package in _PACKAGES),
    }
