"""Are Python and the packages there, new enough, of one make, and can they be imported?"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from unlearnkit.doctor.case import ERROR, OK, WARNING, Case, Finding
from unlearnkit.doctor.probe import requirements, version_of

PYTHON = (3, 11)
_INSTALL = "install the packages again: make -B .venv/.core, or pip install -e ."


def examine(case: Case) -> Iterator[Finding]:
    """Yield findings on Python, versions, imports, threads and bytecode."""
    if sys.version_info < PYTHON:
        yield Finding(ERROR, f"Python is {platform.python_version()}", "use Python 3.11 or newer")
    else:
        yield Finding(OK, f"Python {platform.python_version()}, {sys.executable}")
    yield from _versions()
    yield from _pair()
    yield from _importable(case)
    if os.environ.get("OMP_NUM_THREADS") is None:
        yield Finding(
            WARNING,
            "OMP_NUM_THREADS is not set: libraries may start a thread per core in every job",
            "export OMP_NUM_THREADS=1; jobs then take what execution.threads says",
        )
    yield from _bytecode()


def _versions() -> Iterator[Finding]:
    wrong = False
    for _, package, lowest in requirements():
        try:
            version = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            wrong = True
            yield Finding(ERROR, f"{package} is not installed", _INSTALL)
            continue
        if version_of(version) < version_of(lowest):
            wrong = True
            yield Finding(ERROR, f"{package} is {version}, but {lowest} or newer is needed", _INSTALL)
    if not wrong:
        yield Finding(OK, f"{len(requirements())} packages are there and new enough")


def _pair() -> Iterator[Finding]:
    """torchvision is built for one version of torch and names it."""
    try:
        torch = importlib.metadata.version("torch").partition("+")[0]
        wanted = importlib.metadata.requires("torchvision") or []
    except importlib.metadata.PackageNotFoundError:
        return  # told with the versions
    exact = [text.partition("==")[2].strip(" )") for text in wanted if text.replace("(", "").startswith("torch==")]
    if exact and exact[0] != torch:
        fact = f"torchvision {importlib.metadata.version('torchvision')} is built for torch {exact[0]}, not {torch}"
        yield Finding(ERROR, fact, "install both together: pip install --upgrade torch torchvision")


def _importable(case: Case) -> Iterator[Finding]:
    broken = {module: error for module, error in case.imports.errors.items() if error}
    for module, error in broken.items():
        yield Finding(ERROR, f"{module} cannot be imported ({' '.join(error.split())})", _INSTALL)
    if not broken:
        yield Finding(OK, "all packages can be imported")


def _bytecode() -> Iterator[Finding]:
    """Without compiled bytecode that can be kept, every job compiles torch again."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return
    compiled = Path(importlib.util.cache_from_source(spec.origin))
    folder = compiled.parent if compiled.parent.is_dir() else Path(spec.origin).parent
    kept = os.access(folder, os.W_OK) and not sys.dont_write_bytecode
    if not compiled.exists() and not kept:
        yield Finding(
            WARNING,
            f"torch has no compiled bytecode and {folder} takes none: every job compiles torch again",
            f"compile it once: {sys.executable} -m compileall -q {Path(spec.origin).parent}",
        )
