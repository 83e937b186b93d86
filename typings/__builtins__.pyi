"""What Snakemake adds to a script before it runs, for the type checker."""

from typing import Any

snakemake: Any  # the names of its inputs, outputs and parameters are known to the rule alone
