"""The name under which Snakemake finds the display of progress: `snakemake --logger unlearnkit`.

Snakemake looks for packages called snakemake_logger_plugin_<name> and imports all of them at every call, so this one
imports only what it has to define.
"""

from unlearnkit.progress.handler import LogHandler

__all__ = ["LogHandler"]
