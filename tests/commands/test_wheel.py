"""A wheel holds the package and the whole workflow, as they are in the clone."""

from __future__ import annotations

import subprocess
import zipfile
from pathlib import Path

BESIDE = ("Snakefile", "config.yaml", "rules", "workflow_scripts", "profiles", "experiments", "docs/captions")
OTHERS = ("envs/unlearnkit.yaml", "envs/requirements.txt", "docs/config.schema.json", "docs/python.ipynb")


def tracked(repository: Path, *places: str) -> set[str]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", *places]
    listed = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=True).stdout.splitlines()
    return {name for name in listed if (repository / name).is_file()}


def test_a_wheel_holds_the_package_and_the_workflow(wheel: Path, repository: Path) -> None:
    package = {name: name for name in tracked(repository, "unlearnkit", "snakemake_logger_plugin_unlearnkit")}
    beside = tracked(repository, *BESIDE, *OTHERS, ":(glob)docs/*.md")
    expected = package | {f"unlearnkit/project/{name}": name for name in beside}
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.startswith("unlearnkit-")}
        assert names == expected.keys()
        assert all(archive.read(name) == (repository / own).read_bytes() for name, own in expected.items())
