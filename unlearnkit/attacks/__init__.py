"""Attacks: what unlearned models are put through to see whether what was forgotten comes back; one file each.

The module of an attack on weights defines

    Settings        its settings (a `unlearnkit.config.settings.MethodSettings`); `epochs` or `steps`, if it has one, is
                    its last; `items`, if it has one, how many forgotten items it knows; `passes(retain, forget, epoch)`
                    states its cost if that is not one pass over both sets per epoch
    TASKS           the kinds of data it works on, "image" and "text"; omitted by attacks on image classifiers only
    STACKABLE       True if it may get several models as one `Stack`, as for methods
    VIEWS           the named sets that it reads beside the retain and the forget set; left out if there are none
    CHANGES         "all weights" if it changes every weight of a model; left out otherwise. Where models add low-rank
                    terms to a base that all of them share, it gets one without an adapter that both make together
    attack(model, data, settings, context) -> model

An attack gets a model or stack, the same sets and the same context as a method (`unlearnkit.methods`), and returns a
new model of the same architecture in eval mode: its weights are stored like those of an unlearned model. It knows
nothing of how the model was unlearned. It has no snapshots: what it returns is evaluated.

An attack on the prompts of question-answer pairs, which leaves models as they are, defines instead

    PROMPTS         True
    TASKS           ("text",)
    Settings        as above; `passes` returns 0
    prompts(pairs, retained, settings, rng) -> pairs

It gets the questions of all splits and, of these, the training questions that are not forgotten
(`unlearnkit.data.text.pair_set.Pair`), and returns each with another `question` or `history`, in their order, answers
unchanged. `rng` (random.Random) is seeded by (base seed, "attacked", 0, "prompts"): all models are asked the same.

The seeds of an attack derive from (base seed, "attacked", model index): so model k, its original and its oracle are
attacked with the same draws, and what comes back of them can be compared. A share of the forget set is
`data.forget.part(items, context.generators)`.

Adding an attack is one such file, one line in `unlearnkit.registry.ATTACKS` and one entry of the block `attacks`; a
configuration may also name a file or a module of a user's (`unlearnkit.config.outside`).
"""
