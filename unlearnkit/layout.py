"""Where artifacts live: the only place in which their paths are written down.

    results/{experiment}/
        data/dataset.safetensors                            decoded arrays
        data/tokenizer.json                                 text: how it becomes tokens
        data/{train,validation}.bin                         text: its tokens, as modded-nanogpt's shards
        data/pairs.json                                     pairs: questions and answers, forget lists, refusals
        data/rows.parquet                                   images: which published image each row is
        data/units.parquet                                  text: its forget units
        base/manifest.json                                  pretrained models: hashes of the files beside it
        judge/manifest.json                                 the same of a language model that judges answers
        forget_sets/{forget_set}.npy                        indices into the training split; after others, with theirs
        partners/{forget_set}.parquet                       text: the retained sequences nearest to forget sequences
        requests/{forget_set}.npy                           what a forget set that comes after others asks for itself
        alternatives/{forget_set}/answers.json              pairs: wrong answers that a model wrote to forget questions
        alternatives/{forget_set}/dataset.safetensors       pairs: the data set, with these for the data's wrong answers
        part/{pool}/{shard}.safetensors                     models with samples of their own: who is trained on what
        membership/{pool}/{shard}.safetensors               that, and who forgets what
        original/{shard}.safetensors                        weights of the models of one shard
        oracle/{forget_set}/{shard}.safetensors             trained without it; a pool may stand where a forget set does
        held_out_oracle/{forget_set}/{shard}.safetensors    oracles for methods that read some, and for the floor
        pool/{pool}/{shard}.safetensors                     models that are trained on samples of their own
        unlearned/{forget_set}/{variant}/{shard}.safetensors    a pool may stand there, too
        prompted/{attack}/{forget_set}/dataset.safetensors  pairs: the data set, asked as an attack on prompts asks it
        attacked/{attack}/{forget_set}/{candidate}/{shard}.safetensors      a variant, originals or oracles, attacked;
                                                            after an attack on prompts they have the weights before
        {any of the six}/{shard}.margins.parquet            what they show on samples, as margins: an observation
        {any of the six}/{shard}.{observation}.parquet      any other one (`unlearnkit.observations`)
        unlearned/{forget_set}/{variant}/{shard}.stops.parquet  text: what runs saw that stop by what models know
        {the same}/{shard}.judged.parquet.replies           what a judge replied, which no rule declares
        {the same}/{shard}.merged/{model}.safetensors       pretrained models: one model without an adapter
        {the same}/{shard}.harness/{task}.parquet           language models: what they answer to a task of the harness
        {originals and oracles}/{shard}.curves.parquet          how their training went
        data/embeddings.npy                                 embeddings of the training images
        attribution/{attribution}/
            outputs/{shard}.safetensors                     outputs of models on random subsets (datamodels)
            gradients/{shard}.safetensors                   projected gradients of one original (trak)
            matrices/{output}.safetensors                   what every training sample adds to an output
            components.npy                                  training samples on the principal components
            memorisation.npy                                how much better models predict those they were trained on
            effects/{forget_set}.safetensors                what the logits owe to a forget set
        scores/{metric}/{forget_set}/{candidate}.parquet    per-sample (or per-model) values
        summaries/{metric}/{forget_set}/{candidate}.parquet their statistics
        attacked_scores/{attack}/{metric}/{forget_set}/{candidate}.parquet      the same of attacked models, against
        attacked_summaries/{attack}/{metric}/{forget_set}/{candidate}.parquet   oracles under the same attack
        studies/{search}/{seed}.parquet                     trials of a search for a method's settings
        studies/{search}/{seed}.parquet.study/              journals of the study, which no rule declares
        studies/{search}/chosen.yaml                        the settings that were chosen
        studies/{search}/{trials.csv,curve.svg}             all studies of a search as a table and as a figure
        trials/{metric}/{forget_set}.parquet                a metric on candidates of which the truth is known
        tables/{table}.{parquet,csv,md}                     of a metric; of the cost; some have a figure, too
        figures/{forget_set}/{figure}.svg                   one per metric and kind, and margins.svg
        report/index.html                                   the front page of the report
        report/graph.html                                   what was there, out of date or missing when it was drawn
        report/{forget_sets,pools,methods,metrics}/*.html   a page for each, and report/provenance.html
        leaderboard/leaderboard.{json,csv,md,html}          methods ranked, and critical_difference.svg

A shard is named by the first and last model index that it holds ("0000-0024"). Beside every artifact lies its
provenance, `<artifact>.json`.
"""

from __future__ import annotations

from collections.abc import Mapping

from unlearnkit.errors import ConfigError

DOWNLOADS = "data"
"""Where raw files are downloaded to, under the current directory."""

LOGS = "logs"
RESULTS = "results"
ROOT = f"{RESULTS}/{{experiment}}"
DATASET = f"{ROOT}/data/dataset.safetensors"
ROWS = f"{ROOT}/data/rows.parquet"
TOKENIZER = f"{ROOT}/data/tokenizer.json"
TRAIN_TOKENS = f"{ROOT}/data/train.bin"
VALIDATION_TOKENS = f"{ROOT}/data/validation.bin"
PAIRS = f"{ROOT}/data/pairs.json"
UNITS = f"{ROOT}/data/units.parquet"
BASE = f"{ROOT}/base/manifest.json"
JUDGE = f"{ROOT}/judge/manifest.json"
FORGET_SET = f"{ROOT}/forget_sets/{{forget_set}}.npy"
ALTERNATIVES = f"{ROOT}/alternatives/{{forget_set}}/answers.json"
ALTERNATIVE_DATA = f"{ROOT}/alternatives/{{forget_set}}/dataset.safetensors"
PARTNERS = f"{ROOT}/partners/{{forget_set}}.parquet"
REQUEST = f"{ROOT}/requests/{{forget_set}}.npy"
WEIGHTS = f"{ROOT}/{{population}}/{{shard}}.safetensors"
OBSERVATION = f"{ROOT}/{{population}}/{{shard}}.{{observation}}.parquet"
MARGINS = OBSERVATION.replace("{observation}", "margins")
MERGED = f"{ROOT}/{{population}}/{{shard}}.merged/{{model}}.safetensors"
HARNESS = f"{ROOT}/{{population}}/{{shard}}.harness/{{task}}.parquet"
CURVES = f"{ROOT}/{{population}}/{{shard}}.curves.parquet"
STOPS = f"{ROOT}/unlearned/{{forget_set}}/{{variant}}/{{shard}}.stops.parquet"
PARTS = f"{ROOT}/part/{{pool}}/{{shard}}.safetensors"
MEMBERSHIP = f"{ROOT}/membership/{{pool}}/{{shard}}.safetensors"
ORIGINAL = "original"
ORACLE = "oracle/{forget_set}"
HELD_OUT_ORACLE = "held_out_oracle/{forget_set}"
POOL = "pool/{pool}"
UNLEARNED = "unlearned/{forget_set}/{variant}"
PROMPTED = f"{ROOT}/prompted/{{attack}}/{{forget_set}}/dataset.safetensors"
ATTACKED = "attacked/{attack}/{forget_set}/{candidate}"
EMBEDDINGS = f"{ROOT}/data/embeddings.npy"
DATAMODELS = f"{ROOT}/attribution/{{attribution}}/outputs/{{shard}}.safetensors"
GRADIENTS = f"{ROOT}/attribution/{{attribution}}/gradients/{{shard}}.safetensors"
MATRIX = f"{ROOT}/attribution/{{attribution}}/matrices/{{output}}.safetensors"
COMPONENTS = f"{ROOT}/attribution/{{attribution}}/components.npy"
MEMORISATION = f"{ROOT}/attribution/{{attribution}}/memorisation.npy"
EFFECTS = f"{ROOT}/attribution/{{attribution}}/effects/{{forget_set}}.safetensors"
SCORES = f"{ROOT}/scores/{{metric}}/{{forget_set}}/{{candidate}}.parquet"
SUMMARY = f"{ROOT}/summaries/{{metric}}/{{forget_set}}/{{candidate}}.parquet"
ATTACKED_SCORES = f"{ROOT}/attacked_scores/{{attack}}/{{metric}}/{{forget_set}}/{{candidate}}.parquet"
ATTACKED_SUMMARY = f"{ROOT}/attacked_summaries/{{attack}}/{{metric}}/{{forget_set}}/{{candidate}}.parquet"
TRIALS = f"{ROOT}/trials/{{metric}}/{{forget_set}}.parquet"
STUDY = f"{ROOT}/studies/{{search}}/{{seed}}.parquet"
JOURNALS = ".study"
"""What is appended to the path of a study's table to name the folder of its journals, which no rule declares."""
REPLIES = ".replies"
"""What is appended to the path of an observation to name the journal of a judge's replies, which no rule declares."""
CHOSEN = f"{ROOT}/studies/{{search}}/chosen.yaml"
SEARCH_REPORT = f"{ROOT}/studies/{{search}}/{{presentation}}"
TABLE = f"{ROOT}/tables/{{table}}"
FIGURE = f"{ROOT}/figures/{{forget_set}}/{{figure}}.svg"
PAGE = f"{ROOT}/report/{{page}}.html"
"""A page of the report: FRONT_PAGE, beside which the record of all lies, PROVENANCE_PAGE, or one of `page_of`."""
FRONT_PAGE, PROVENANCE_PAGE = "index", "provenance"
REPORT = PAGE.replace("{page}", FRONT_PAGE)
ARTIFACT_GRAPH = PAGE.replace("{page}", "graph")
PAGE_KINDS = ("forget_sets", "pools", "methods", "metrics")
"""Folders of the report: what has a page each."""
LEADERBOARD = f"{ROOT}/leaderboard/{{leaderboard}}"
LEADERBOARD_FILES = {
    "json": "leaderboard.json",
    "csv": "leaderboard.csv",
    "markdown": "leaderboard.md",
    "page": "leaderboard.html",
    "figure": "critical_difference.svg",
}
"""What one job writes of a ranking; the record of all lies beside the first."""

NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
"""What names of forget sets and variants look like in paths; which are valid, `unlearnkit.config.names` says."""

TRAINED = rf"original|(?:oracle|held_out_oracle|pool)/{NAME}"
"""What the folders of trained populations look like."""
POPULATION = rf"{TRAINED}|unlearned/{NAME}/{NAME}|attacked/{NAME}/{NAME}/{NAME}"
"""What the folders of all populations look like."""

MARGIN = "margin"
"""The output beside the logits that attributions are made for."""

REFERENCE_CANDIDATES = ("original", "oracle")
"""Candidates that every metric scores beside the variants: the originals, and oracles (see Graph.selection)."""

HELD_OUT = "held_out_oracle"
"""What stands for a candidate in the folder of attacked held-out oracles."""


def provenance(artifact: str) -> str:
    """Return the path of the provenance record that lies beside `artifact`."""
    return f"{artifact}.json"


def page_of(kind: str, name: str) -> str:
    """Return the name of the page about something of a kind of PAGE_KINDS, as it stands in the pattern PAGE."""
    return f"{kind}/{name}"


def log_of(artifact: str) -> str:
    """Return the path of the log of the job that makes `artifact`."""
    return f"{LOGS}/{artifact.removeprefix(f'{RESULTS}/')}.log"


def logit(label: int) -> str:
    """Return the name of the logit of a class among the outputs of a model."""
    return f"logit_{label}"


def weights_of(population: str) -> str:
    """Return the pattern of the weight files of a population (one of the six population patterns above)."""
    return WEIGHTS.replace("{population}", population)


def margins_of(population: str) -> str:
    """Return the pattern of the margin files of a population."""
    return MARGINS.replace("{population}", population)


def observation(name: str) -> str:
    """Return the pattern of the files of an observation."""
    return OBSERVATION.replace("{observation}", name)


def subject_of(population: str) -> str:
    """Return the forget set or pool in the folder of a population, "" for originals."""
    return _unattacked(population).partition("/")[2].partition("/")[0]


def variant_of(population: str) -> str:
    """Return the variant in the folder of a population of unlearned models, attacked or not, "" for any other."""
    variant = _unattacked(population).partition("/")[2].partition("/")[2]
    return "" if attack_of(population) and variant in (*REFERENCE_CANDIDATES, HELD_OUT) else variant


def attack_of(population: str) -> str:
    """Return the attack in the folder of a population of attacked models, "" for any other population."""
    return population.split("/")[1] if population.startswith("attacked/") else ""


def variant_in(wildcards: Mapping[str, str]) -> str:
    """Return the variant of the models that a file of a population is about, "" for those that none made."""
    return wildcards.get("variant") or variant_of(_folder_in(wildcards))


def subject_in(wildcards: Mapping[str, str]) -> str:
    """Return the forget set or pool of the models that a file of a population is about, "" for originals."""
    return wildcards.get("forget_set") or subject_of(_folder_in(wildcards))


def attack_in(wildcards: Mapping[str, str]) -> str:
    """Return the attack on the models that a file of a population is about, "" for those that were not attacked."""
    return attack_of(_folder_in(wildcards))


def _folder_in(wildcards: Mapping[str, str]) -> str:
    # a path may have been taken apart (`places`)
    parts = (wildcards[name] for name in ("population", "attack", "forget_set", "candidate") if name in wildcards)
    return "/".join(parts) if "candidate" in wildcards else wildcards["population"]


def _unattacked(population: str) -> str:
    """Return the folder of a population without the name of an attack."""
    return population.replace(f"/{attack_of(population)}/", "/", 1) if attack_of(population) else population


def curves_of(population: str) -> str:
    """Return the pattern of the files with the learning curves of a population's models."""
    return CURVES.replace("{population}", population)


def shard_name(first: int, last: int) -> str:
    """Return the name of the shard that holds the model indices first..last (both included)."""
    return f"{first:04d}-{last:04d}"


def shard_indices(name: str) -> range:
    """Return the model indices of a shard from its name; raises ConfigError if the name is not one."""
    first, dash, last = name.partition("-")
    if not (dash and first.isdigit() and last.isdigit() and int(first) <= int(last)):
        raise ConfigError(f"'{name}' is not a shard", expected="first and last model index such as 0000-0024")
    return range(int(first), int(last) + 1)


def shard_names(count: int, shard_size: int) -> list[str]:
    """Return the names of the shards that hold the model indices 0..count-1, in order.

    The last shard is always a full one: asking for 30 models with shards of 25 gives two shards, so that the files do
    not depend on how many models a reader wants.
    """
    return [shard_name(first, first + shard_size - 1) for first in range(0, count, shard_size)]


def forget_set_and_candidate(path: str) -> tuple[str, str]:
    """Return (forget set, variant) of a path below unlearned/, or (forget set, "oracle") of one below oracle/."""
    _, _, population, forget_set, variant, *_ = path.split("/")
    return forget_set, variant if population == "unlearned" else "oracle"
