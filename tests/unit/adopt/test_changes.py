"""The keys that proposals change in a stack's file."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from infra.config.stack_files import StackFiles
from ops import stacks
from ops.adopt.__main__ import _conclude
from ops.adopt.project_file import with_values
from ops.adopt.rows import Row
from ops.adopt.write import proposals, write
from ops.stacks import StackError

if TYPE_CHECKING:
    from pathlib import Path

OWN = {"adopt": {"keep": ["B"], "bucket": "tune-audio"}, "pagesVariables": {"A": "1", "GONE": "2"}, "neonRegion": "x"}
FILES = StackFiles("relay", {"pagesBuild": {"command": "make"}, "flyRegion": "ams"}, {"dev": OWN}, {}, {})


def test_values_stay_beside_the_proposed_ones() -> None:
    rows = [
        Row("app", adopt={"flyApp": "tune-api", "keep": ["A", "B"]}),
        Row("project", adopt={"neonProject": "id-1"}, settings={"neonRegion": "x", "postgresVersion": 16}),
        Row("pages", settings={"pagesVariables.GONE": None, "pagesVariables.A": "007", "pagesBuild.caching": False}),
    ]
    assert proposals("dev", rows, FILES).own == {
        "adopt": {"keep": ["A", "B"], "bucket": "tune-audio", "flyApp": "tune-api", "neonProject": "id-1"},
        "postgresVersion": 16,
        "pagesVariables": {"A": "007"},
        "pagesBuild": {"command": "make", "caching": False},
    }
    assert OWN["adopt"] == {"keep": ["B"], "bucket": "tune-audio"}


def test_what_the_file_says_already_is_no_change() -> None:
    rows = [Row("bucket", adopt={"bucket": "tune-audio", "keep": ["B"]}, settings={"neonRegion": "x"})]
    assert proposals("dev", rows, FILES).own == {}


def test_the_host_of_a_bucket_of_its_own_is_no_shared_value() -> None:
    rows = [Row("bucket", settings={"bucketPublicHost": "pub-1.r2.dev"})]
    assert proposals("dev", rows, FILES).shared == {"bucketPublicHost": "pub-1.r2.dev"}
    own = FILES._replace(stacks={"dev": {"bucket": "tune-dev"}})
    assert proposals("dev", rows, own).own == {"bucketPublicHost": "pub-1.r2.dev"}


def test_it_is_written_by_pulumi_with_the_kinds_of_its_values(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Any] = []

    def ask(*arguments: str, root: Any) -> subprocess.CompletedProcess[str]:
        given.extend(arguments)
        return subprocess.CompletedProcess([], 0, "", "")

    monkeypatch.setattr(stacks, "ask", ask)
    write("dev", {"postgresVersion": 16, "pagesVariables": {"A": "007"}}, FILES)
    assert given[:-1] == ["config", "set-all", "--stack", "dev", "--json"]
    assert json.loads(given[-1]) == {
        "relay:postgresVersion": {"value": "16", "secret": False},
        "relay:pagesVariables": {"value": '{"A": "007"}', "secret": False, "objectValue": {"A": "007"}},
    }


def test_a_value_beside_an_encrypted_one_is_left_to_a_person() -> None:
    with pytest.raises(StackError, match="pagesVariables holds an encrypted value"):
        write("dev", {"pagesVariables": {"A": {"secure": "v1:x"}}}, FILES)


def test_a_file_that_pulumi_does_not_write(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = subprocess.CompletedProcess([], 1, "", "error: no stack named 'dev' found")
    monkeypatch.setattr(stacks, "ask", lambda *_, **__: refused)
    with pytest.raises(
        StackError,
        match=r"^Writing Pulumi.dev.yaml: error: no stack named 'dev' found\nFirst run:\n  pulumi stack init dev$",
    ):
        write("dev", {"postgresVersion": 16}, FILES)


def test_the_last_lines_name_the_file_the_app_and_the_next_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(stacks, "folder", lambda: tmp_path / ".sandbox" / "mirror")
    changed = {stacks.folder() / "Pulumi.dev.yaml": {"adopt": {}, "neonPlan": "launch"}}
    _conclude("dev", changed, app=True, written=True)
    assert capsys.readouterr().out.splitlines() == [
        "Written into .sandbox/mirror/Pulumi.dev.yaml: adopt, neonPlan",
        "The plan shows the Fly app as a creation (`+ fly-app`), because Pulumi cannot",
        "import it: `up` takes the app as it is, and restarts nothing.",
        "Next:",
        "  pulumi preview -s dev --diff",
    ]
    monkeypatch.chdir("/")
    _conclude("dev", {}, app=False, written=False)
    assert capsys.readouterr().out.startswith(f"Nothing to write: {str(tmp_path)[1:]}/.sandbox/mirror/Pulumi.dev.yaml ")


PROJECT = """\
name: relay  # ours
config:
  # The bucket
  bucketPublicHost:
    type: string
    default: pub-1.r2.dev  # as Cloudflare gave it
  productionBranch: {type: string, value: main}
  bare: x
"""


def test_a_shared_value_is_exchanged_in_the_project_file_and_nothing_else() -> None:
    new = with_values(PROJECT, {"bucketPublicHost": "pub-2.r2.dev", "productionBranch": "release", "bare": "a: b"})
    expected = PROJECT.replace("pub-1", "pub-2").replace("value: main", "value: release")
    assert new == expected.replace("bare: x", 'bare: "a: b"')


@pytest.mark.parametrize("text", [PROJECT, "name: relay\n"])
def test_a_shared_value_that_the_project_file_lacks_is_added(text: str) -> None:
    new = with_values(text, {"pagesHost": "tune.pages.dev"})
    before, after = (yaml.safe_load(each).get("config", {}) for each in (text, new))
    assert after == {**before, "pagesHost": {"type": "string", "default": "tune.pages.dev"}}
    assert [line for line in text.splitlines() if line not in new] == []
    assert PROJECT.partition("config:\n")[2] in new or text != PROJECT  # a comment stays above its key


@pytest.mark.parametrize("text", ["name: relay\nconfig: {}\n", "name: relay\nconfig: {bare: x}  # ours\n"])
def test_a_shared_value_is_added_to_a_mapping_on_one_line(text: str) -> None:
    new = yaml.safe_load(with_values(text, {"pagesHost": "tune.pages.dev", "note": "a: b"}))
    assert new["config"] == {**yaml.safe_load(text)["config"], "pagesHost": "tune.pages.dev", "note": "a: b"}
