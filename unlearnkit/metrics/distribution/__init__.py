"""Metrics that compare the distributions of unlearned models and oracles, sample by sample."""
