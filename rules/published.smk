"""Originals and oracles that others published on the Hugging Face hub: fetched, checked, and in the form of all others.

They run where Snakemake does, since compute nodes often have no network. Only shards of which all models are published
come from here; the others are trained (train.smk), and their margins are made of their weights (observations.smk).

Inputs:  data set; of oracles also the forget set, which has to be the published one, and of their margins those of the
         originals, for the test that the oracles lack the forget set (observations.smk does both where margins are made
         here of published weights)
Outputs: results/<experiment>/original/<shard>.{safetensors,margins.parquet}
         results/<experiment>/oracle/<forget_set>/<shard>.{safetensors,margins.parquet}
"""

from unlearnkit.registry import ALWAYS_OBSERVED
from unlearnkit.stages import POPULATIONS

PUBLISHED = PRESENT.published
PATTERNS = {"original": layout.ORIGINAL, "oracle": layout.ORACLE}


ruleorder: published_originals > published_oracles > original > oracle
ruleorder: published_original_margins > published_oracle_margins > margins


for role, pattern in PATTERNS.items():

    rule:
        name:
            f"published_{role}s"
        input:
            dataset=path(layout.DATASET),
            forget_set=path(layout.FORGET_SET) if role == "oracle" else [],
        output:
            weights=path(layout.weights_of(pattern)),
            provenance=layout.provenance(path(layout.weights_of(pattern))),
        wildcard_constraints:
            **PUBLISHED.constraints(role),
        params:
            **made(POPULATIONS[role]),
        log:
            log_of(layout.weights_of(pattern)),
        localrule: True
        message:
            f"Published {role}s {{wildcards.shard}}"
        conda:
            "../envs/unlearnkit.yaml"
        script:
            "../workflow_scripts/published.py"

    rule:
        name:
            f"published_{role}_margins"
        input:
            dataset=path(layout.DATASET),
            forget_set=path(layout.FORGET_SET) if role == "oracle" else [],
            originals=path(layout.margins_of(layout.ORIGINAL)) if role == "oracle" else [],
        output:
            margins=path(layout.margins_of(pattern)),
            provenance=layout.provenance(path(layout.margins_of(pattern))),
        wildcard_constraints:
            **PUBLISHED.constraints(role, margins=True),
        params:
            **made(ALWAYS_OBSERVED, population=role),
        log:
            log_of(layout.margins_of(pattern)),
        localrule: True
        message:
            f"Published margins of {role}s {{wildcards.shard}}"
        conda:
            "../envs/unlearnkit.yaml"
        script:
            "../workflow_scripts/published_margins.py"
