"""Models that others published on the hub: their files at one commit, verified and brought into our form.

`pool` fetches, `pieces` reads arrays of the layouts in `unlearnkit.facts.layouts`, `ours` reads what `unlearnkit
publish` uploaded, `integrity` compares with what was expected, and `oracles` tests whether oracles lack their forget
set. Nothing here imports torch; weights are converted by `unlearnkit.training.published`.
"""
