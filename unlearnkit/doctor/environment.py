"""Are Python and the packages there, new enough, of one make, and can they be imported?"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import sys
from collections.abc import Iterator
from pathlib import Path

from unlearnkit.doctor.case import ERROR, OK, SELDOM, WARNING, Case, Finding
from unlearnkit.doctor.probe import probe_imports, requirements, version_of
from unlearnkit.extras import install
from unlearnkit.fingerprint import closure
from unlearnkit.sources import absent_packages
from unlearnkit.user_plug_ins import from_outside

_INSTALL = f"install the packages again: {install('all')}"


def examine(case: Case) -> Iterator[Finding]:
    """Yield findings on Python, versions, imports, threads and bytecode."""
    # an older Python than 3.11 cannot even import this package
    yield Finding(OK, f"Python {platform.python_version()}, {sys.executable}")
    wanted = requirements(case.experiment.task if case.experiment else "")
    wrong = [finding for _, package, lowest in wanted if (finding := _outdated(package, lowest))]
    yield from wrong or [Finding(OK, f"{len(wanted)} packages are there and new enough")]
    yield from _pair()
    yield from _importable(case, {module for module, package, _ in wanted if _version(package) is None})
    yield from _traker(case)
    if os.environ.get("OMP_NUM_THREADS") is None:
        yield Finding(
            WARNING,
            "OMP_NUM_THREADS is not set: libraries may start a thread per core in every job",
            "export OMP_NUM_THREADS=1; jobs then take what execution.threads says",
        )
    yield from _bytecode()


def _outdated(package: str, lowest: str) -> Finding | None:
    version = _version(package)
    if version is None:
        return Finding(ERROR, f"{package} is not installed", _INSTALL)
    if version_of(version) < version_of(lowest):
        return Finding(ERROR, f"{package} is {version}, but {lowest} or newer is needed", _INSTALL)
    return None


def _version(package: str) -> str | None:
    """Return the version of a package, None if it is not installed."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _pair() -> Iterator[Finding]:
    """torchvision is built for one version of torch and names it."""
    try:
        torch = importlib.metadata.version("torch").partition("+")[0]
        wanted = importlib.metadata.requires("torchvision") or []
    except importlib.metadata.PackageNotFoundError:
        return  # reported with the versions
    exact = [text.partition("==")[2].strip(" )") for text in wanted if text.replace("(", "").startswith("torch==")]
    if exact and exact[0] != torch:
        fact = f"torchvision {importlib.metadata.version('torchvision')} is built for torch {exact[0]}, not {torch}"
        yield Finding(ERROR, fact, "install both together: pip install --upgrade torch torchvision")


def _importable(case: Case, missing: set[str]) -> Iterator[Finding]:
    """Yield a finding on every module that cannot be imported; `missing` are those that were reported already."""
    broken = {module: error for module, error in case.imports.errors.items() if error and module not in missing}
    for module, error in broken.items():
        yield Finding(ERROR, f"{module} cannot be imported ({' '.join(error.split())})", _INSTALL)
    absent = list(_absent()) if case.experiment else []
    yield from absent
    if not broken and not absent and not missing:
        untried = [package for package in SELDOM if package not in case.imports.errors]
        apart = f" that this experiment uses can be imported; not tried: {', '.join(untried)}" if untried else ""
        yield Finding(OK, f"all packages{apart or ' can be imported'}")


def _absent() -> Iterator[Finding]:
    """What plug-ins from outside import, and the files that they import, too; nothing of them is run."""
    modules = closure(*(module for _, _, module in from_outside()))
    for module in sorted(modules):
        # unlearnkit's own needs are among the requirements, or optional
        for package in () if module.startswith("unlearnkit.") else absent_packages(module):
            remedy = f"install the package that provides {package} where the jobs run"
            yield Finding(ERROR, f"{module} imports {package}, which is not installed", remedy)


def _traker(case: Case) -> Iterator[Finding]:
    """The optional packages of attributions whose projector is `traker`; fast_jl is of use on a GPU only."""
    attributions = case.experiment.attributions if case.experiment else {}
    asking = {
        name: settings for name, settings in attributions.items() if getattr(settings, "projector", "") == "traker"
    }
    if not asking:
        return
    from unlearnkit.facts.traker import FAST_JL_COLUMNS, missing_traker, unfit_dimension

    broken = probe_imports(["trak", "fast_jl"]).errors
    if broken["trak"]:
        for error in (missing_traker(name, " ".join(broken["trak"].split())) for name in asking):
            yield Finding(ERROR, error.fact, error.remedy or "")
        return
    yield Finding(OK, f"traker, for the projections of {', '.join(asking)}")
    if not (case.imports.torch or {}).get("gpus"):
        return
    if broken["fast_jl"]:
        fact = "fast_jl cannot be imported, so traker projects by its BasicProjector, which is slow"
        yield Finding(WARNING, fact, "where a CUDA compiler is: pip install fast_jl")
        return
    for name, settings in asking.items():
        if settings.dimension % FAST_JL_COLUMNS:
            error = unfit_dimension(name, settings.dimension)
            yield Finding(ERROR, error.fact, error.remedy or "")


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
