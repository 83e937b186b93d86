"""How far a run is: what is done, runs, failed and is left, and how long it takes; on a terminal and from outside.

The seconds of every job are those that `unlearnkit.planning` predicts. `tally` counts jobs and corrects the prediction
by what finished jobs took (`correction`), `logs` reads what jobs report. `display` shows this on a terminal, fed by the
events of Snakemake (`handler`); `status` shows the same of a run that was started elsewhere. Nothing here decides what
is run or what is in a result, and where there is no display, Snakemake's own lines stay.
"""
