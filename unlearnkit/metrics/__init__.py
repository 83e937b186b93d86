"""Metrics: pure NumPy functions, arrays in, arrays out.

A metric module defines

    Settings                        its settings (a `unlearnkit.config.settings.Settings`)
    AXIS                            "samples", "models" or "population": what one value of the metric belongs to
    READS                           the observations that it reads, ("margins",) if left out; margins, which show what
                                    failed, come in any case
    READS_IF_ASKED                  optional: observations that it also reads where the block `observations` asks for
                                    them; without one a measure is NaN, and its `undefined` says so
    NEEDS_ORACLE                    whether it compares with oracles
    NEEDS_ORIGINAL                  optional: whether it compares with the originals, too
    MEASURES                        measure name -> {direction, low, high, unit, label, splits}; `interval: False` if
                                    an interval over models has no meaning, as of a p value; `undefined`, if values
                                    may be NaN, says where and why, which tables state where one is empty;
                                    a unit that lists values ("-1 oracles, 0 undecided, 1 originals") has the words
                                    that tables show for them
    HEADLINE, STATISTIC             the measure that stands for the metric, and the statistic of it ("p95" or "mean")
    SCORED_ON                       optional: "pools" if it is scored on pools, whose models forget samples of their
                                    own, and not on forget sets; it reads margins alone
    MIN_MODELS                      optional: fewest models of each side that it is defined for (default 2)
    PARTIAL                         optional: True if splits may be left out of what it reads; their values are NaN
                                    then, and tables leave out columns without any value
    NEEDS_COMPARISONS               optional: True if it needs answers that a language model compared with others
    STATES                          optional: keys of the experiment that scores and tables state beside the settings
    MIN_SAMPLES                     optional: fewest forget samples, and validation samples, that it needs (default 1)
    score(candidate, oracle, *, settings, rng) -> {measure: {split: values}}
                                    with NEEDS_ORIGINAL: score(candidate, oracle, *, original, settings, rng)
    conclude(rows, *, settings) -> rows
                                    optional: what follows from the rows of all forget sets and candidates together
                                    (`tuned_here`: the candidate's settings were searched on the row's forget set);
                                    VERDICTS then maps the columns that it adds to headings, which tables show

`candidate` and `oracle` are `Population`s (`oracle` may be None where NEEDS_ORACLE is false). `direction` is "lower",
"higher" or "match" (the target is the oracles' own value); `low` and `high` bound the range, None where there is no
fixed bound. `splits` are some of "forget", "retain", "validation" and the OPTIONAL ones of `population.py`, or, along
AXIS "models", ("all",) for a measure that belongs to no single one. `score` returns exactly the declared measures and
splits, of the optional ones only where the data have such samples (`Population.present`). Values along AXIS "samples"
have one entry per sample of the split, along "models" one per candidate model, along "population" one alone. A
population of a pool has `member`, `forgotten` and `origin`; its split "forget" are the training samples that some model
forgets, and a value may be NaN where too few do. MIN_MODELS is then the fewest independent models of the pool. Model k
of the originals is the one that unlearned model k started from. `population.observed[name][value]` is what READS names
beside margins, [models, items, ...], of as many of the samples as were observed. Summaries (means, percentiles,
bootstrap intervals, floors) are made for all metrics in `summary.py`. Constants and Settings are read without importing
the module (`unlearnkit.declarations`), so they are built from literals and pydantic alone.
"""
