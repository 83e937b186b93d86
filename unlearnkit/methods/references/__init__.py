"""The three baselines: the original itself, an oracle, and an oracle that stopped early."""
