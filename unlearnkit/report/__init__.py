"""Reports: tables, figures and a page, made of scores and provenance alone."""

import os
import sys
from pathlib import Path


def _spare_configuration() -> None:
    """Let matplotlib keep what it makes in the user's cache: it makes its folder of settings when it is imported.

    A folder with settings that is there, and one that MPLCONFIGDIR names, stay in use.
    """
    home = os.path.expanduser("~")  # noqa: PTH111 - without a home it is "~", where Path.home() fails
    settings = Path(os.environ.get("XDG_CONFIG_HOME") or f"{home}/.config", "matplotlib")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or f"{home}/.cache", "matplotlib")
    # elsewhere both are one folder
    if sys.platform.startswith("linux") and cache.is_absolute() and not settings.is_dir():
        os.environ.setdefault("MPLCONFIGDIR", str(cache))


_spare_configuration()
