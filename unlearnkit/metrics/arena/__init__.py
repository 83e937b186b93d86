"""The arena: metrics are tried on candidates of which the truth is known, and on subsets of the models."""
