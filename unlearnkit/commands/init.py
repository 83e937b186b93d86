"""`unlearnkit init`: a working folder in which every command of the documents works, without a clone."""

from __future__ import annotations

import argparse
import importlib.util
import posixpath
import re
import shutil
from collections.abc import Container, Iterator
from pathlib import Path

from unlearnkit import registry
from unlearnkit.config.outside import references
from unlearnkit.config.reading import read_yaml
from unlearnkit.declarations import declarations
from unlearnkit.errors import ConfigError, UnlearnkitError, suggest
from unlearnkit.shipped import PROJECT
from unlearnkit.sources import is_file

TEMPLATES = Path(__file__).parent / "templates"
COPIED = ("profiles/*/*", "experiments/**/*", "docs/*.md", "docs/config.schema.json", "docs/python.ipynb")
"""What is copied from the workflow: configuration that users adapt, and the pages that messages refer to."""
LEFT_OUT = ("docs/releasing.md",)
"""What is only of use in a clone."""
LINKS = ("local", "slurm", "smoke")
"""Profiles that `--profile NAME` finds by a link beside the Snakefile."""
_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s]+)\)")
IGNORED = "/results/\n/logs/\n/data/\n/.snakemake/\n/report.html\n__pycache__/\n"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the folder and the experiment."""
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a new or an empty folder")
    parser.add_argument(
        "--experiment",
        metavar="NAME",
        help="what config.yaml is: one of `unlearnkit ls experiments`, such as fashion_mnist; default: the digits",
    )


def run(options: argparse.Namespace) -> int:
    """Make a working folder: configuration, profiles, experiments, a method of your own, a Snakefile; print next steps.

    Nothing is written outside of the folder. If something cannot be written, nothing is left of it.
    """
    folder: Path = options.folder
    files = dict(contents(options.experiment))
    _refuse_used(folder)
    new = not folder.exists()
    try:
        for name, text in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(text, encoding="utf-8")
        for name in LINKS:
            (folder / name).symlink_to(f"profiles/{name}")
    except OSError as error:
        _remove(folder, new)
        remedy = "free the disk, correct the permissions, or choose another folder"
        raise UnlearnkitError(f"cannot write {folder}: {error.strerror}", remedy=remedy) from None
    print(f"wrote {len(files)} files to {folder}\n\n{_next(folder, 'shrink.py' in files)}")
    return 0


def contents(experiment: str | None = None) -> Iterator[tuple[str, str]]:
    """Yield name and text of every file of a working folder whose config.yaml is an experiment, None: the default one.

    Pages link to no file that only a clone has. Raises ConfigError if there is no experiment of this name.
    """
    files = dict(_files(experiment))
    there = {folder.as_posix() for name in files for folder in (Path(name), *Path(name).parents)}
    for name, text in files.items():
        yield name, _without_dead_links(name, text, there) if name.endswith(".md") else text


def _files(experiment: str | None) -> Iterator[tuple[str, str]]:
    source = PROJECT / "config.yaml" if experiment is None else _source(experiment)
    yield "Snakefile", _template("Snakefile.txt")
    yield "config.yaml", _at_the_root(source) if experiment else source.read_text(encoding="utf-8")
    yield ".gitignore", IGNORED
    for path in sorted(path for pattern in COPIED for path in PROJECT.glob(pattern)):
        # two files that name one experiment would leave open which of them describes its results
        name = path.relative_to(PROJECT).as_posix()
        if path.is_file() and path.suffix != ".pyc" and path != source and name not in LEFT_OUT:
            yield name, path.read_text(encoding="utf-8")
    if registry.task_of(declarations(registry.OURS["data set"][read_yaml(source)["data"]["name"]])) == "image":
        yield "shrink.py", _template("shrink.py.txt")
        yield "shrink.yaml", _template("shrink.yaml.txt")


def _without_dead_links(page: str, text: str, there: Container[str]) -> str:
    """Return a page in which links to what is not `there` are their text, and such figures what they show."""

    def as_it_can_be(link: re.Match[str]) -> str:
        figure, said, target = link.groups()
        path = posixpath.normpath(posixpath.join(posixpath.dirname(page), target.partition("#")[0]))
        if re.match(r"#|[a-z]+:", target) or path in there:
            return link[0]
        return f"(figure of the repository: {said})" if figure else said

    return _LINK.sub(as_it_can_be, text)


def _source(experiment: str) -> Path:
    name = experiment.removeprefix("experiments/").removesuffix(".yaml")
    known = {path.stem: path for path in sorted((PROJECT / "experiments").glob("*.yaml"))}
    if name not in known:
        raise ConfigError(
            f"there is no experiment '{experiment}'",
            expected="one that `unlearnkit ls experiments` lists, such as fashion_mnist",
            remedy=suggest(name, known),
        )
    return known[name]


def _at_the_root(source: Path) -> str:
    """Return the text of a file in experiments/ as it reads beside that folder: with the paths from there."""
    text = source.read_text(encoding="utf-8").replace(f"experiments/{source.name}", "config.yaml")
    files = {reference.text for reference in references(read_yaml(source)) if is_file(reference.text)}
    for file in files:
        text = re.sub(rf"(?<=[\s'\"]){re.escape(file)}", f"experiments/{file}", text)
    return text.replace("$schema=../docs/", "$schema=docs/")


def _refuse_used(folder: Path) -> None:
    expected = "the name of a new or an empty folder"
    if folder.exists() and not folder.is_dir():
        raise UnlearnkitError(f"{folder} is a file", expected=expected, remedy="choose another name")
    if folder.is_dir() and any(folder.iterdir()):
        raise UnlearnkitError(f"the folder {folder} is not empty", expected=expected, remedy="choose another name")


def _remove(folder: Path, new: bool) -> None:
    """Remove what was written to a folder, which was empty; the folder too if it is new."""
    if new:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _template(name: str) -> str:
    return (TEMPLATES / name).read_text(encoding="utf-8")


def _next(folder: Path, with_example: bool) -> str:
    lines = [
        f"cd {folder}",
        "export OMP_NUM_THREADS=1",
        f"{'snakemake -n':<46}# what config.yaml describes; `snakemake` computes it",
        f"{'snakemake --profile smoke':<46}# the whole graph at toy size",
    ]
    if with_example:
        lines.append(f"{'snakemake klom_all --configfile shrink.yaml':<46}# a method of your own: shrink.py")
    if importlib.util.find_spec("snakemake") is None:
        lines.insert(
            0, 'pip install "unlearnkit[images]"              # snakemake is not here; [language] for text, [all]'
        )
    return "\n".join(lines)
