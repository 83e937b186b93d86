"""Objectives: what the trials of a search minimise, one file each, registered in `unlearnkit.objectives.OBJECTIVES`.

A module defines

    NAMES           tuple of str: what each value is called, in order; every value is at least 0, and 0 is best
    NEEDS_ORACLE    bool: whether it compares with oracles
    values(candidate, original, oracle, rng) -> NDArray[np.float64]     [models, values]

`candidate`, `original` and `oracle` are `Population`s of models with the same indices on the same samples: unlearned
models, the originals that they were unlearned from, and oracles (None unless NEEDS_ORACLE). `rng` is in the same state
in every trial of a study, so that chance in an objective distinguishes no two trials. The values of a trial are means
over its models and forget sets; trials are compared by the Euclidean norm of these.
"""
