"""Metrics of language models: what they know word for word, what they answer, how well. docs/metrics-language.md."""
