"""Attacked models: every attack on originals, oracles, held-out oracles and variants at their last snapshot; their scores; a table.
An attack on prompts makes a data set, on which the models before are observed by the rules of all observations.

Inputs:  data set, forget set, the models of a shard before (of a variant that is kept as deltas, the originals, too); pairs with their
         tokenizer; observations of attacked models; scores and summaries before and after, records that state costs
Outputs: results/<experiment>/prompted/<attack>/<forget_set>/dataset.safetensors
         results/<experiment>/attacked/<attack>/<forget_set>/<candidate>/<shard>.safetensors and .margins.parquet
         results/<experiment>/{attacked_scores,attacked_summaries}/<attack>/<metric>/<forget_set>/<candidate>.parquet
         results/<experiment>/tables/durability.{parquet,csv,md,svg}

Scores of attacked models compare with oracles under the same attack. Other observations of them have the rules of all others.
"""

if ATTACK_GRAPH.on_prompts:

    rule prompts:
        input:
            dataset=path(layout.DATASET),
            pairs=path(layout.PAIRS),
            tokenizer=path(layout.TOKENIZER),
            pretrained=TEXT_GRAPH.tokenizer_files(),
            forget_set=path(layout.FORGET_SET),
        output:
            dataset=path(layout.PROMPTED),
            provenance=layout.provenance(path(layout.PROMPTED)),
        params:
            **made("prompted"),
        wildcard_constraints:
            attack=ATTACK_GRAPH.named(ATTACK_GRAPH.on_prompts),
        log:
            log_of(layout.PROMPTED),
        localrule: True
        message:
            "Prompts of {wildcards.attack} for {wildcards.forget_set}"
        conda:
            "../envs/unlearnkit.yaml"
        script:
            "../workflow_scripts/prompts.py"


rule attack:
    input:
        dataset=path(layout.DATASET),
        base=BASE,
        forget_set=path(layout.FORGET_SET),
        weights=lambda w: ATTACK_GRAPH.weights(w.candidate, w.forget_set, w.shard),
        originals=lambda w: ATTACK_GRAPH.bases(w.candidate, w.shard),
    output:
        weights=path(layout.weights_of(layout.ATTACKED)),
        margins=path(layout.margins_of(layout.ATTACKED)),
        provenance=layout.provenance(path(layout.weights_of(layout.ATTACKED))),
        margins_provenance=layout.provenance(path(layout.margins_of(layout.ATTACKED))),
    params:
        **made("attacked"),
    wildcard_constraints:
        attack=ATTACK_GRAPH.named(ATTACK_GRAPH.on_weights),
    log:
        log_of(layout.weights_of(layout.ATTACKED)),
    threads: EXECUTION.threads
    resources:
        **GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "{wildcards.attack} of {wildcards.candidate} on {wildcards.forget_set}, models {wildcards.shard}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/attack.py"


use rule score as attacked_score with:
    input:
        forget_set=path(layout.FORGET_SET),
        candidate=lambda w: ATTACK_GRAPH.margins(w.attack, w.metric, "candidate", w.forget_set, w.candidate),
        oracle=lambda w: ATTACK_GRAPH.margins(w.attack, w.metric, "oracle", w.forget_set, w.candidate),
        original=lambda w: ATTACK_GRAPH.margins(w.attack, w.metric, "original", w.forget_set, w.candidate),
        observed=lambda w: ATTACK_GRAPH.read_by(w.attack, w.metric, w.forget_set, w.candidate),
    output:
        scores=path(layout.ATTACKED_SCORES),
        summary=path(layout.ATTACKED_SUMMARY),
        provenance=layout.provenance(path(layout.ATTACKED_SCORES)),
        summary_provenance=layout.provenance(path(layout.ATTACKED_SUMMARY)),
    params:
        **made("attacked scores"),
    log:
        log_of(layout.ATTACKED_SCORES),
    message:
        "{wildcards.metric} of {wildcards.candidate} on {wildcards.forget_set} after {wildcards.attack}"


rule durability:
    input:
        scores=ATTACK_GRAPH.scores(layout.SCORES),
        summaries=ATTACK_GRAPH.scores(layout.SUMMARY),
        attacked_scores=ATTACK_GRAPH.scores(layout.ATTACKED_SCORES),
        attacked_summaries=ATTACK_GRAPH.scores(layout.ATTACKED_SUMMARY),
        records=ATTACK_GRAPH.cost_records(),
        prompts=ATTACK_GRAPH.prompt_records(),
    output:
        parquet=path(layout.TABLE, table="durability.parquet"),
        csv=path(layout.TABLE, table="durability.csv"),
        markdown=path(layout.TABLE, table="durability.md"),
        figure=path(layout.TABLE, table="durability.svg"),
        provenance=layout.provenance(path(layout.TABLE, table="durability.parquet")),
    params:
        **made("tables", table="durability"),
    log:
        log_of(layout.TABLE.replace("{table}", "durability")),
    localrule: True
    message:
        "Durability: what comes back after attacks"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/durability.py"
