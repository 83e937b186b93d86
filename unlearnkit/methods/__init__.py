"""Methods: one file each, written for one model as in a paper.

A method module defines

    Settings        its settings (a `unlearnkit.config.settings.MethodSettings`); `epochs`, if it has one, is its last
                    epoch; `passes(retain, forget, epoch)` states its cost if that is not one pass over both sets per
                    epoch; `search()` says where to search for better settings
    TASKS           the kinds of data it works on, "image" and "text"; omitted by methods for image classifiers only
    STACKABLE       True if the method touches models only by calling them and by optimising their parameters
                    elementwise: the engine may then pass several models as one `Stack`, and `Samples` yields batches
                    for all of them
    LAST_EPOCH      "training" if its last epoch is that of the training recipe; left out otherwise
    NEEDS           what `context` must provide beyond generators: "recipe", "held_out_oracles", "oracle_pool" (its
                    settings have `oracle_pool`, a range), "attribution" (a setting names one), "tokenizer" (of text);
                    "convolutions" if it runs only on models that have some
    VIEWS           the named sets that it reads beside the retain and the forget set, such as ("validation",); left
                    out if there are none. The configuration refuses a data set that does not provide them
    DRAWS           False if nothing is drawn at random, not even the order of samples: another seed gives the same
                    model; left out otherwise
    MOVES           False if it returns the original as it is, as a new method does until it has a loss; left out
                    otherwise
    STOPS           True if it judges single samples between its epochs and puts what it saw into the model's curve by
                    `context.record`: then a stop file lies beside the weights (`unlearnkit.artifacts.stops`); left out
                    otherwise
    IMMATERIAL      {"encoder": {"source": {"folder"}}} if it reads texts with the encoder that a setting names: the
                    files are inputs of its jobs, and their folder is in no slice; left out otherwise
    WEIGHTS         "delta" if it returns a `unlearnkit.models.low_rank.LowRankModel`: then its factors are stored, with
                    the SHA-256 of the original that they apply to, instead of all weights; left out otherwise
    PERTURBS        True if it changes weights by other means than gradient steps (noise, fresh weights, pruning), so
                    that learning rates of zero do not keep the original; left out otherwise. DRAWS, MOVES and PERTURBS
                    are read by the tests that every method has to pass: stated here, a new method edits no test
    unlearn(model, data, settings, context) -> model
    assemble(state, logits_of) -> logits
                    only if what `unlearn` returns is more than one network: the logits [samples, classes] of its state

`data` is a `unlearnkit.training.sets.Sets`: `data.retain` and `data.forget` are `Samples` for images, `Sequences` for
text, and so is every set in VIEWS, `data.validation` for example. Passes over all of them are counted.

`unlearn` returns a new model in eval mode and leaves the given one, the samples' order and the global generators of
torch, NumPy and Python untouched. It calls `context.end_epoch(epoch, model)` after every epoch 1, 2, ..., which keeps
the snapshots that the configuration declares. Methods never see test samples nor the oracles that the evaluation uses,
and validation samples only as `data.validation`.

A method for language models declares `TASKS = ("text",)`. Its settings are a
`unlearnkit.config.methods.language.LanguageSettings`, with `steps` in place of `epochs`; snapshots and `end_epoch`
count steps. Its sets are `unlearnkit.data.text.sequences.Sequences`. `token_steps` has the loop, `token_terms` the
losses that several methods share, `answer_terms` those of questions that are answered in two ways, `block_outputs` the
hidden states. What is computed from logits and labels alone is in `unlearnkit.training.language`, in `token_losses`,
`forget_losses` and `sequence_losses`.

Of question-answer pairs only the answers are targets; `data.forget.unmasked()` has labels on the prompts as well. Pairs
provide further sets for VIEWS: "holdout", which is the validation split, and three whose batches have each pair twice,
with another answer and with the true one (`TokenBatch.paired`): "refusals", the forget set refused, "retain_refusals",
the retain set refused, "alternatives", the forget set with wrong answers. A batch counts each pair once: a method that
passes both answers through the model counts the second by `context.count`. All text has "partners": the retained
sequences that are nearest to those of the forget set (`data.partners`), in the order of `data.forget`.

A method that judges what a model still knows after every epoch, and stops by it, has the settings of
`unlearnkit.config.methods.stopping`, which count epochs, an `epoch_watch.EpochWatch`, and STOPS.

Methods for images that fine-tune on one set share the loop of `descent` and the settings of
`unlearnkit.config.methods.fine_tuning`.

Adding a method is one such file, one line in `unlearnkit.registry.METHODS` and one entry in the configuration;
`unlearnkit new-method NAME`, for text with `--task text`, begins the first two. A configuration may also name a file or
a module of a user's (`unlearnkit.config.outside`); the same holds for metrics, models and data sets.
"""
