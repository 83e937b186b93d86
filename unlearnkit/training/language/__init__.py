"""Training and values of language models."""
