"""What a release consists of agrees with itself."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

import unlearnkit


def test_the_version_is_one(repository: Path) -> None:
    assert yaml.safe_load((repository / "CITATION.cff").read_text())["version"] == unlearnkit.__version__
    sections = re.findall(r"^## ([\d.]+)", (repository / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert sections[0] == unlearnkit.__version__


def test_the_catalogue_finds_its_files(repository: Path) -> None:
    usage = yaml.safe_load((repository / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["report"] is True
    assert (repository / "config/README.md").is_file()


def test_the_container_installs_as_the_script_does(repository: Path) -> None:
    recipe = (repository / "envs/Dockerfile").read_text()
    copied, run = re.findall(r"^(?:COPY|RUN) ((?:.*\\\n)*.*)$", recipe, re.MULTILINE)
    *sources, folder = copied.split()
    assert all((repository / source).is_file() for source in sources if "*" not in source)
    # in the order that install.sh takes them: folder, wheel, requirements, extra
    assert re.search(
        rf"sh {folder}install\.sh \S+ \"[^\"]+\*\.whl\)\" \\\n\s+{folder}requirements\.txt \"\$EXTRA\"", run
    )
    assert "folder=$1 wheel=$2 versions=$3 extra=${4:+[$4]}" in (repository / "envs/install.sh").read_text()


def test_both_lists_of_exact_versions_have_the_same_versions(repository: Path) -> None:
    lists = ((repository / "envs" / name).read_text() for name in ("requirements.txt", "requirements-dev.txt"))
    own, dev = (dict(re.findall(r"^([\w.-]+)==(\S+)$", text, re.MULTILINE)) for text in lists)
    assert len(own) > 100 and {name: dev.get(name) for name in own} == own
