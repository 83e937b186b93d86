"""Data attribution: how much every training sample adds to every output of a model on every sample.

An output is a logit, or the margin. An attribution gives a matrix per output, beta_i(x) for training sample i and
sample x, such that the output of a model trained on S is about b(x) + sum over i in S of beta_i(x), in nats.
docs/attribution.md compares the kinds: datamodels (`regression`), and gradients of the originals (`gradients`).
"""
