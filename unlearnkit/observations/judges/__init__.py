"""Judges: who compares answers, or scores them alone, for the observation `judged`.

A judge module defines

    Settings        its settings (a `unlearnkit.config.settings.Settings`); its name is the value of `kind`
    LANGUAGE_MODEL  whether it is a language model; tables and records state that others are not comparable with one
    HAS_BASE        whether it reads the files of a model, from `settings.source` (a `BaseSource`; null: the base of the
                    experiment's models), which rule judge_base puts into the folder `means.base`
    replies(asked, settings, means) -> [str]
                    a reply to each question (`asking.Asked`), in the form that `grammar` reads; `means`
                    (`unlearnkit.training.derived.Means`) are the device, the folder and the journal of replies.
                    Greedy, or at temperature 0; nothing is drawn at random

What a reply says is read in one place for all judges, so one that is in another form counts as unread, whoever gave it.

Adding a judge is one such file and one line in `unlearnkit.judges.JUDGES`. A language model behind an
OpenAI-compatible endpoint needs neither.
"""
