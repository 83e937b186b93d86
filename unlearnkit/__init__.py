"""unlearnkit: distributional evaluation of machine unlearning, as a Snakemake workflow and a package."""

__version__ = "0.1.0"
