# The workflow that `graph.py` compares with: one of the same shape, as a list of files and nothing else.
# --config sets=, variants=, shards=, held_out=, metrics= are numbers; one model per job is shards=<number of models>.
SETS, VARIANTS, METRICS = (range(config[key]) for key in ("sets", "variants", "metrics"))
SHARDS, HELD_OUT = range(config["shards"]), range(config["held_out"])
CANDIDATES = range(len(VARIANTS) + 2)  # the last two are originals and oracles


wildcard_constraints:
    set="[0-9]+",
    variant="[0-9]+",
    shard="[0-9]+",
    metric="[0-9]+",
    role="oracle|held_out",
    population="original|(oracle|held_out)/[0-9]+",


rule all:
    input:
        "report",
        expand("original/{shard}.margins", shard=SHARDS),
        expand("oracle/{set}/{shard}.margins", set=SETS, shard=SHARDS),
        expand("unlearned/{set}/{variant}/{shard}.margins", set=SETS, variant=VARIANTS, shard=SHARDS),
        expand(
            "{what}/{metric}/{set}/{variant}",
            what=["scores", "summaries"],
            metric=METRICS,
            set=SETS,
            variant=CANDIDATES,
        ),


rule dataset:
    output:
        "dataset",
        "dataset.json",


rule forget_set:
    input:
        "dataset",
    output:
        "sets/{set}",
        "sets/{set}.json",


rule original:
    input:
        "dataset",
    output:
        "original/{shard}.weights",
        "original/{shard}.weights.json",


rule oracle:
    input:
        "dataset",
        "sets/{set}",
    output:
        "{role}/{set}/{shard}.weights",
        "{role}/{set}/{shard}.weights.json",


rule margins:
    input:
        "dataset",
        "{population}/{shard}.weights",
    output:
        "{population}/{shard}.margins",
        "{population}/{shard}.margins.json",


rule unlearn:
    input:
        "dataset",
        "sets/{set}",
        "original/{shard}.weights",
    output:
        "unlearned/{set}/{variant}/{shard}.weights",
        "unlearned/{set}/{variant}/{shard}.weights.json",
        "unlearned/{set}/{variant}/{shard}.margins",
        "unlearned/{set}/{variant}/{shard}.margins.json",


def margins_of(w):
    populations = {len(VARIANTS): "original", len(VARIANTS) + 1: f"held_out/{w.set}"}
    own = populations.get(int(w.variant), f"unlearned/{w.set}/{w.variant}")
    against = [f"oracle/{w.set}/{shard}.margins" for shard in SHARDS] if w.metric == "0" else []
    return [f"{own}/{shard}.margins" for shard in (HELD_OUT if "held" in own else SHARDS)] + against


rule score:
    input:
        "sets/{set}",
        margins_of,
    output:
        "scores/{metric}/{set}/{variant}",
        "scores/{metric}/{set}/{variant}.json",
        "summaries/{metric}/{set}/{variant}",
        "summaries/{metric}/{set}/{variant}.json",


rule report:
    input:
        expand("summaries/{metric}/{set}/{variant}", metric=METRICS, set=SETS, variant=CANDIDATES),
        expand("unlearned/{set}/{variant}/{shard}.weights.json", set=SETS, variant=VARIANTS, shard=SHARDS),
    output:
        "report",
