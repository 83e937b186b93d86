"""Unlearned models: every variant, forget set and shard. The name of a pool may stand where that of a forget set does.

Inputs:  data set (one with generated alternatives, if the method reads these), forget set, originals of the shard (of the first
         shard, if all models start from original 0); of a pool: membership and models of the shard; of a forget set that comes
         after others: their rows, the variant's models of the one before, and perhaps the originals, to compare with; methods
         that need them: held-out oracles of the shard, those that teachers are drawn from, effects of the forget set by an
         attribution, partners of forget sequences, the tokenizer, files of an encoder; a file of settings that a rule makes
Outputs: results/<experiment>/unlearned/<forget_set>/<variant>/<shard>.safetensors and .margins.parquet

Margins are written in the same job: nothing else depends on unlearned weights, and a separate job would load the libraries again
for a second's work. Rule margins makes those of originals and oracles, on which many artifacts depend, and other observations of
unlearned models have rules of their own (rules/observations.smk).
"""

from unlearnkit.workflow.method_readers import method_reader_files


rule unlearn:
    input:
        dataset=lambda w: GRAPH.dataset(w.variant, w.forget_set),
        base=BASE,
        forget_set=lambda w: [] if w.forget_set in POOL_GRAPH.pools else path(layout.FORGET_SET),
        membership=lambda w: POOL_GRAPH.membership(w.forget_set, w.shard),
        earlier=lambda w: CONTINUAL_GRAPH.earlier(w.forget_set),
        originals=lambda w: CONTINUAL_GRAPH.start(w.forget_set, w.variant, w.shard),
        reference=lambda w: CONTINUAL_GRAPH.reference(w.forget_set, w.shard),
        held_out_oracles=lambda w: (
            path(layout.weights_of(layout.HELD_OUT_ORACLE), **w)
            if "held_out_oracles" in GRAPH.needs(w.variant)
            else []
        ),
        oracle_pool=lambda w: GRAPH.oracle_pool(w.variant, w.forget_set),
        effects=lambda w: GRAPH.effects(w.variant, w.forget_set),
        partners=lambda w: PRESENT.partners.read_by(w.variant, w.forget_set),
        tokenizer=lambda w: [path(layout.TOKENIZER)] if "tokenizer" in GRAPH.needs(w.variant) else [],
        reader=lambda w: method_reader_files(GRAPH, w.variant),
        settings_file=lambda w: GRAPH.settings_file(w.variant),
    output:
        weights=path(layout.weights_of(layout.UNLEARNED)),
        margins=path(layout.margins_of(layout.UNLEARNED)),
        provenance=layout.provenance(path(layout.weights_of(layout.UNLEARNED))),
        margins_provenance=layout.provenance(path(layout.margins_of(layout.UNLEARNED))),
    params:
        **made("unlearned"),
    log:
        log_of(layout.weights_of(layout.UNLEARNED)),
    threads: EXECUTION.threads * EXECUTION.processes
    resources:
        **TRAINING_GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "{wildcards.variant} on {wildcards.forget_set}, models {wildcards.shard}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/unlearn.py"
