"""Originals and oracles that were trained elsewhere: their weights, checked and brought into the form of all others.

Inputs:  data set (for the shape of the models), files of the user's with one model each
Outputs: results/<experiment>/original/<shard>.safetensors
         results/<experiment>/oracle/<forget_set>/<shard>.safetensors
"""

from unlearnkit.stages import POPULATIONS
from unlearnkit.workflow.given_models import given_files, given_path, given_populations


# of the rules in train.smk, for these populations alone
ruleorder: given > original > oracle


rule given:
    input:
        dataset=path(layout.DATASET),
        base=BASE,
        files=lambda w: given_files(GRAPH, w.population, w.shard),
    output:
        weights=path(layout.WEIGHTS),
        provenance=layout.provenance(path(layout.WEIGHTS)),
    wildcard_constraints:
        population="|".join(map(re.escape, given_populations(GRAPH))),
    params:
        **made(lambda w: POPULATIONS[w.population.partition("/")[0]]),
        place=lambda w: given_path(GRAPH, w.population),
    log:
        log_of(layout.WEIGHTS),
    resources:
        mem_mb=memory,
        runtime=runtime,
    message:
        "Given models of {wildcards.population}, shard {wildcards.shard}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/given.py"
