"""The data of question-answer pairs: pairs with their prompts and the tokenizer, then sequences of tokens.

Inputs:  raw pairs (of the user's own: files under `data.root`; else a download or the package), the tokenizer of a
         pretrained model; where wrong answers are generated, a forget set and original 0
Outputs: results/<experiment>/data/{pairs.json,tokenizer.json,dataset.safetensors}; where wrong answers are generated,
         results/<experiment>/alternatives/<forget_set>/{answers.json,dataset.safetensors}
"""


rule pairs:
    input:
        raw=lambda w: TEXT_GRAPH.raw_files(),
        tokenizer=TEXT_GRAPH.tokenizer_files(),
    output:
        pairs=path(layout.PAIRS),
        tokenizer=path(layout.TOKENIZER),
        pairs_provenance=layout.provenance(path(layout.PAIRS)),
        tokenizer_provenance=layout.provenance(path(layout.TOKENIZER)),
    params:
        **made("pairs"),
    log:
        log_of(layout.PAIRS),
    localrule: True
    message:
        "Pairs of {params.settings[name]}"
    conda:
        "../envs/unlearnkit.yaml"
    script:
        "../workflow_scripts/pairs.py"


rule dataset:
    input:
        pairs=path(layout.PAIRS),
        tokenizer=path(layout.TOKENIZER),
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
        "../workflow_scripts/pair_dataset.py"


if TEXT_GRAPH.experiment.generates_alternatives:

    rule alternatives:
        input:
            dataset=path(layout.DATASET),
            pairs=path(layout.PAIRS),
            tokenizer=path(layout.TOKENIZER),
            pretrained=TEXT_GRAPH.tokenizer_files(),
            base=BASE,
            forget_set=path(layout.FORGET_SET),
            originals=path(layout.weights_of(layout.ORIGINAL), shard=GRAPH.shards(1)[0]),
        output:
            answers=path(layout.ALTERNATIVES),
            dataset=path(layout.ALTERNATIVE_DATA),
            answers_provenance=layout.provenance(path(layout.ALTERNATIVES)),
            dataset_provenance=layout.provenance(path(layout.ALTERNATIVE_DATA)),
        params:
            **made("alternatives"),
        log:
            log_of(layout.ALTERNATIVES),
        threads: EXECUTION.threads
        resources:
            **GPU,
            mem_mb=memory,
            runtime=runtime,
        message:
            "Alternative answers to {wildcards.forget_set}"
        conda:
            "../envs/unlearnkit.yaml"
        script:
            "../workflow_scripts/alternatives.py"
