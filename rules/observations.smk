"""What models show on samples: one rule for every registered observation, with its name. Margins are one of them.

Inputs:  data set, after an attack on prompts the one with these; of margins of published oracles their forget set and
         the margins of originals, for the test that the oracles lack it; weights of the shard; forget sets, if the samples depend on them; originals, if the weights are deltas;
         the tokenizer, if tokens are turned into text; of observations that are made of others: these, those of the
         originals, the pairs and the model of a judge, as far as they need them
Outputs: results/<experiment>/<population>/<shard>.<observation>.parquet

Margins of unlearned models are written by the job that unlearns (rules/unlearn.smk).
"""

for observation in OBSERVATION_GRAPH.made_of_weights:

    rule:
        name:
            observation
        input:
            dataset=lambda w: OBSERVATION_GRAPH.dataset(w.population),
            base=BASE,
            weights=lambda w: OBSERVATION_GRAPH.weights(w.population, w.shard),
            forget_sets=lambda w, name=observation: OBSERVATION_GRAPH.forget_sets(name, w.population),
            originals=lambda w, name=observation: OBSERVATION_GRAPH.bases(name, w.population, w.shard),
            tokenizer=OBSERVATION_GRAPH.tokenizer(observation),
            tested_with=lambda w, name=observation: PRESENT.published.tested_with(name, w.population, w.shard),
        output:
            # the name of an observation may be one that Snakemake does not take here, as index
            **{observation if observation == "margins" else "observed": path(layout.observation(observation))},
            provenance=layout.provenance(path(layout.observation(observation))),
        params:
            **made(observation),
        wildcard_constraints:
            population=OBSERVATION_GRAPH.population(observation),
        log:
            log_of(layout.observation(observation)),
        threads: EXECUTION.threads
        resources:
            **GPU,
            mem_mb=memory,
            runtime=runtime,
        message:
            f"{observation.capitalize()} of {{wildcards.population}}, models {{wildcards.shard}}"
        conda:
            "../envs/unlearnkit.yaml"
        script:
            "../workflow_scripts/observe.py"


for observation in OBSERVATION_GRAPH.derived:

    rule:
        name:
            observation
        input:
            read=OBSERVATION_GRAPH.sources(observation),
            originals=lambda w, name=observation: OBSERVATION_GRAPH.originals(name, w.population, w.shard),
            forget_sets=lambda w, name=observation: OBSERVATION_GRAPH.forget_sets(name, w.population),
            pairs=OBSERVATION_GRAPH.pairs(observation),
            judge=OBSERVATION_GRAPH.judge(observation),
            reader=OBSERVATION_GRAPH.reader_files(observation),
        output:
            observed=path(layout.observation(observation)),
            provenance=layout.provenance(path(layout.observation(observation))),
        params:
            **made(observation),
        wildcard_constraints:
            population=layout.POPULATION,
        log:
            log_of(layout.observation(observation)),
        threads: EXECUTION.threads
        resources:
            **GPU,
            mem_mb=memory,
            runtime=runtime,
        message:
            f"{observation.capitalize()} of {{wildcards.population}}, models {{wildcards.shard}}"
        conda:
            "../envs/unlearnkit.yaml"
        script:
            "../workflow_scripts/derive.py"
