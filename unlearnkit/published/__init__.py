"""Models that others published on the hub: their files at one commit, verified and brought into our form.

`pool` fetches, `pieces` reads arrays of the layouts in `unlearnkit.facts.layouts`, `ours` reads what `unlearnkit
publish` uploaded, and `integrity` compares with what was expected; whether oracles lack their forget set is tested by
`unlearnkit.metrics.distribution.lacking`. Nothing here imports torch; weights are converted by
`unlearnkit.training.published`.
"""
