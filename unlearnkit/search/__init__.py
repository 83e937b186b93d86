"""Search for settings of methods: a study of trials per search and seed, kept in Optuna's journal.

A trial draws settings, unlearns the tuning forget sets from some originals with them, and is valued by an objective
(`unlearnkit.search.objectives`). What a trial draws follows from the base seed, its search, study and number, and from
the trials that were finished before it: so a study that was interrupted continues as if it had not been, and one that
is extended keeps its trials. This holds for one worker; of several, the order in which trials end is chance.

`bench` holds what trials run on, `trial` runs one, `sampling` proposes settings, `journal` opens a study, `mending`
leaves what is whole of a damaged one, `worker` runs its trials until there are enough, `presence` states which workers
live, `processes` starts more of them, and `choosing` compares studies. Only `sampling`, `journal`, `mending` and
`worker` know Optuna.
"""
