"""The packages that text needs and images do not."""

from __future__ import annotations

from unlearnkit.errors import DataError


def missing_package(package: str, purpose: str, error: ImportError) -> DataError:
    """Return the error of a package that cannot be imported, to be raised; `purpose` says what it is needed for."""
    return DataError(
        f"the package {package} cannot be imported ({error})",
        expected=f"{package}, which {purpose}",
        remedy="install the packages again: make -B .venv/.core, or pip install -e .",
    )
