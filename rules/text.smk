"""The data of language models: text to tokens, tokens to sequences, forget units and forget sets.

Inputs:  raw text (of the user's own: files under `data.root` or in `data.hub.path`; else a download or the package) or
         token shards (from `data.root`), files named in `forget_sets`
Outputs: results/<experiment>/data/{tokenizer.json,train.bin,validation.bin} (text), results/<experiment>/data/dataset.safetensors,
         results/<experiment>/data/units.parquet, results/<experiment>/forget_sets/<forget_set>.npy
"""

TEXT_GRAPH = PRESENT.text


rule tokens:
    input:
        raw=lambda w: TEXT_GRAPH.raw_files(),
    output:
        tokenizer=path(layout.TOKENIZER),
        train=path(layout.TRAIN_TOKENS),
        validation=path(layout.VALIDATION_TOKENS),
        tokenizer_provenance=layout.provenance(path(layout.TOKENIZER)),
        train_provenance=layout.provenance(path(layout.TRAIN_TOKENS)),
        validation_provenance=layout.provenance(path(layout.VALIDATION_TOKENS)),
    params:
        **made("training tokens"),
    log:
        log_of(layout.TRAIN_TOKENS),
    localrule: True
    message:
        "Tokens of {params.settings[name]}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/tokens.py"


rule dataset:
    input:
        tokens=TEXT_GRAPH.token_files(),
    output:
        dataset=path(layout.DATASET),
        provenance=layout.provenance(path(layout.DATASET)),
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
        "../workflow_scripts/text_dataset.py"


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
