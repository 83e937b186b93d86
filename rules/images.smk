"""The data set of images and its forget sets.

They are made where Snakemake runs: it takes seconds, and compute nodes often have no network.

Inputs:  raw files (from `data.root`, a download, or a dependency; inputs of the rule where no published hash pins them),
         index and score files named in `forget_sets`; for some kinds components of an attribution, memorisation by its
         models, or embeddings of the images (rules/attribution.smk)
Outputs: results/<experiment>/data/{dataset.safetensors,rows.parquet}, results/<experiment>/forget_sets/<forget_set>.npy
"""

# two rules make forget sets, each those of its names
MEASURED, OTHERS = (
    "|".join(map(re.escape, ATTRIBUTION_GRAPH.forget_sets_of(rule))) or "(?!)"
    for rule in ("measured_forget_set", "forget_set")
)


rule dataset:
    input:
        raw=lambda w: GRAPH.raw_files(),
    output:
        dataset=path(layout.DATASET),
        rows=path(layout.ROWS),
        provenance=layout.provenance(path(layout.DATASET)),
        rows_provenance=layout.provenance(path(layout.ROWS)),
    params:
        **made("data"),
    log:
        log_of(layout.DATASET),
    localrule: True
    message:
        "Data set {params.settings[name]}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/dataset.py"


rule forget_set:
    input:
        dataset=path(layout.DATASET),
        rows=lambda w: GRAPH.forget_set_rows(w.forget_set),
        file=lambda w: GRAPH.forget_set_file(w.forget_set),
        chosen_by=lambda w: ATTRIBUTION_GRAPH.forget_set_sources(w.forget_set),
        disjoint_from=lambda w: [
            path(layout.FORGET_SET, forget_set=other)
            for other in GRAPH.forget_set_slice(w.forget_set)["disjoint_from"]
        ],
    output:
        forget_set=path(layout.FORGET_SET),
        provenance=layout.provenance(path(layout.FORGET_SET)),
    wildcard_constraints:
        forget_set=OTHERS,
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
        "../workflow_scripts/forget_set.py"


rule measured_forget_set:
    input:
        dataset=path(layout.DATASET),
        chosen_by=lambda w: ATTRIBUTION_GRAPH.forget_set_sources(w.forget_set),
        disjoint_from=lambda w: [
            path(layout.FORGET_SET, forget_set=other)
            for other in GRAPH.forget_set_slice(w.forget_set)["disjoint_from"]
        ],
    output:
        forget_set=path(layout.FORGET_SET),
        provenance=layout.provenance(path(layout.FORGET_SET)),
    wildcard_constraints:
        forget_set=MEASURED,
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
        "../workflow_scripts/measured_forget_set.py"
