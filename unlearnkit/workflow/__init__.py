"""The workflow's side of the package: the artifact graph, what guards a run, and what repairs Snakemake."""
