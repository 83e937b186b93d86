"""A score for margins that were computed anywhere: read from files, aligned with oracles, compared with a floor.

`margin_files` reads what other programs write, `sides` makes samples of two files correspond, `scored` computes metrics
and verdicts. No graph, no configuration and no torch take part (docs/score.md).
"""
