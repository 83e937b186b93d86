"""What is missing and what it will cost: Snakemake's own dry run, priced from timing records (docs/planning.md)."""
