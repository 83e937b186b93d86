"""The data of language models: sequences of tokens, forget units and forget sets.

Inputs:  the data set that `tokens.smk` makes of plain text, or `pairs.smk` of question-answer pairs, files named in
         `forget_sets`
Outputs: results/<experiment>/data/units.parquet, results/<experiment>/forget_sets/<forget_set>.npy
"""

TEXT_GRAPH = PRESENT.text


include: "pairs.smk" if TEXT_GRAPH.has_pairs else "tokens.smk"
include: "partners.smk"


rule units:
    input:
        dataset=path(layout.DATASET),
    output:
        units=path(layout.UNITS),
        provenance=layout.provenance(path(layout.UNITS)),
    params:
        **made("units"),
    log:
        log_of(layout.UNITS),
    localrule: True
    message:
        "Forget units"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/units.py"


rule forget_set:
    input:
        dataset=path(layout.DATASET),
        file=lambda w: GRAPH.forget_set_file(w.forget_set),
        disjoint_from=lambda w: [
            path(layout.FORGET_SET, forget_set=other)
            for other in GRAPH.forget_set_slice(w.forget_set)["disjoint_from"]
        ],
    output:
        forget_set=path(layout.FORGET_SET),
        provenance=layout.provenance(path(layout.FORGET_SET)),
    params:
        **made("forget sets"),
    log:
        log_of(layout.FORGET_SET),
    localrule: True
    message:
        "Forget set {wildcards.forget_set}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/unit_forget_set.py"
