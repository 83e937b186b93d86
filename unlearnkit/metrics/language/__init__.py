"""Metrics of language models: what they know word for word, what they answer, and how well: docs/metrics-language.md."""
