"""The data of language models that are trained on plain text: text to tokens, tokens to sequences.

Inputs:  raw text (of the user's own: files under `data.root` or in `data.hub.path`; else a download or the package) or
         token shards (from `data.root`)
Outputs: results/<experiment>/data/{tokenizer.json,train.bin,validation.bin} (text), results/<experiment>/data/dataset.safetensors
"""


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
