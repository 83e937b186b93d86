"""Partners of forget sequences: the nearest of the retained ones, found once for every forget set that a method reads them of.

Inputs:  data set, forget set; the tokenizer and the files of an encoder, or original 0 with its base, as the embedder needs them
Outputs: results/<experiment>/partners/<forget_set>.parquet
"""

PARTNER_GRAPH = PRESENT.partners


rule partners:
    input:
        dataset=path(layout.DATASET),
        forget_set=path(layout.FORGET_SET),
        tokenizer=PARTNER_GRAPH.tokenizer(),
        reader=PARTNER_GRAPH.reader_files(),
        originals=PARTNER_GRAPH.originals(),
        base=PARTNER_GRAPH.base(),
    output:
        partners=path(layout.PARTNERS),
        provenance=layout.provenance(path(layout.PARTNERS)),
    params:
        **made("partners"),
    log:
        log_of(layout.PARTNERS),
    threads: EXECUTION.threads
    resources:
        **GPU,
        mem_mb=memory,
        runtime=runtime,
    message:
        "Partners of {wildcards.forget_set}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/partners.py"
