"""A score for margins that were computed anywhere: read from files, aligned with oracles, compared with a floor.

`margin_files` and `margin_folders` read what other programs write, `sides` makes samples of two files correspond,
`scored` computes metrics and verdicts. No graph, no configuration and no torch take part (docs/score.md).
"""
