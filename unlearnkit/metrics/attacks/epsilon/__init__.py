"""Per-example epsilon: how well attacks distinguish unlearned models from oracles by what they say of one sample.

An attack is one function in one file and one line in the table of `attacks.py` (its name stands among the `attacks` of
the metric's `Settings`, too):

    attack(fit, worth) -> Rule

It receives the values of all models on some samples (`Sides`) and returns per sample the rule that it would accuse
models by: "unlearned" where a statistic of the value lies within an interval, or outside of it. Of the rules that it
can form it takes the one with the greatest `worth`, a table [false positives, false negatives] of what counts of errors
are worth on `fit` (`worth.py`). A false positive is an oracle that is taken for an unlearned model, a false negative an
unlearned model that is taken for an oracle. Rules know nothing of the models that they are tested on, so the same
attack serves with rates in sample and with held-out rates (`strongest.py`).
"""
