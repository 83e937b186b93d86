"""Where the workflow of this package lies: Snakefile, rules, scripts, profiles, experiments, the configuration.

In a clone they are beside the package, in a wheel in its folder `project` (envs/wheel.py puts them there).
"""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent

PROJECT = _PACKAGE / "project" if (_PACKAGE / "project").is_dir() else _PACKAGE.parent
"""The folder that holds the Snakefile."""
