"""Typed configuration of an experiment; imported by the Snakefile, hence free of torch."""
