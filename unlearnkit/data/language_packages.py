"""The packages that only text needs."""

from __future__ import annotations

from unlearnkit.errors import DataError
from unlearnkit.extras import install


def missing_package(package: str, purpose: str, error: ImportError) -> DataError:
    """Return the error to raise if a package cannot be imported; `purpose` states what it is needed for."""
    return DataError(
        f"the package {package} cannot be imported ({error})",
        expected=f"{package}, which {purpose}",
        remedy=f"install the packages again: {install('language')}",
    )
