"""Observations: what is noted of models on samples, one file per shard, before any metric looks at it.

An observation module defines

    Settings        its settings (a `unlearnkit.config.settings.ObservationSettings`); `size(features)` states the bytes
                    of one model and sample, from which `unlearnkit plan` predicts
    VALUES          task ("image", "text") -> value -> "float32", "bool", "int32", "float32 list" or "string": what a
                    file holds of every model and sample. A value may belong to the sample alone. Tasks that are left
                    out have no such observation
    NEEDS           ("logits",) if logits on the samples are enough, which every method has; ("network",) if it looks
                    inside one: then it is refused beside methods that define `assemble`, whose models are more than
                    that; and "tokenizer" if it turns tokens into text: then `observe` receives the path of the
                    tokenizer, by this name, unless the data come as tokens
    ONLY_PAIRS      optional: True if plain text has no such observation, since it has no prompts
    NEEDS_SOURCE    optional: True if it needs the model that its setting `source` names
                    (`unlearnkit.config.models.text_readers`), and has no default for it; or the name of another setting
    FACTS           optional: what every file of it states, as its unit
    observe(subjects, settings) -> value -> array
                    [models, rows] or, of lists, [models, rows, width], for `subjects.states` on `subjects.rows`
                    (`unlearnkit.training.evaluation.Subjects`); [rows] for what belongs to the samples. Models are in
                    eval mode and see plain samples in order, in float32

An observation that is made of others, and of no weights, defines in place of `observe`

    READS           the observations of the same models that it is made of
    NEEDS           some of "originals" (the same observations of the originals, model k beside model k, or the one that
                    all are unlearned from), "pairs" (the questions and answers of the samples, and those of all
                    training samples) and "judge" (the model of `settings.judge`)
    IMMATERIAL      optional: settings that decide no result, as pydantic excludes them; they are in no slice
    derive(shown, settings, means) -> value -> array
                    likewise, of what the models show at one epoch and what the job lends
                    (`unlearnkit.training.derived.Shown` and `Means`)

An observation draws nothing at random and writes nothing: `workflow_scripts/observe.py` and `derive.py` do, as
`{population}/{shard}.{observation}.parquet` (`unlearnkit.artifacts.observations`). Names, types and constants are read
without importing the module (`unlearnkit.declarations`), so they are literals.

`margins` is made of every population. Others are made where the block `observations` of the configuration asks for
them, or a metric that reads them is asked for.

Adding an observation is one such file, one line in `unlearnkit.registry.OBSERVATIONS` and one entry in the
configuration; one that is not to be part of unlearnkit needs no line, but an entry that names its file.
"""
