"""The registries: name -> module that implements it.

A plug-in of ours is one file and one line here; those of a user, which a configuration names, are added while a process
runs (`user_plug_ins`). Modules are named, not imported: the Snakefile reads this file at every parse
and must not import torch. What each kind of module has to define is written in the package docstring of its folder.
"""

from __future__ import annotations

import importlib
import traceback
from collections import ChainMap
from collections.abc import Mapping
from types import MappingProxyType, ModuleType

from unlearnkit.declared import FORGET_SETS as FORGET_SETS
from unlearnkit.declared import PARTNERS as PARTNERS
from unlearnkit.declared import POOLS as POOLS
from unlearnkit.declared import changes_prompts as changes_prompts
from unlearnkit.declared import scored_on as scored_on
from unlearnkit.declared import task_of as task_of
from unlearnkit.declared import tasks_of as tasks_of
from unlearnkit.declared import views_of as views_of
from unlearnkit.declared import weights_of as weights_of
from unlearnkit.errors import ConfigError, UnlearnkitError, suggest
from unlearnkit.objectives import OBJECTIVES as OBJECTIVES
from unlearnkit.objectives import load_objective as load_objective
from unlearnkit.sources import imported
from unlearnkit.user_plug_ins import KINDS, loaded, outside

METHODS: Mapping[str, str] = MappingProxyType(
    {
        "do_nothing": "unlearnkit.methods.references.do_nothing",
        "load_oracle": "unlearnkit.methods.references.load_oracle",
        "early_stopped_retrain": "unlearnkit.methods.references.early_stopped_retrain",
        "fine_tune": "unlearnkit.methods.images.fine_tune",
        "ascent_forget": "unlearnkit.methods.images.ascent_forget",
        "ascent_descent": "unlearnkit.methods.images.ascent_descent",
        "neg_grad_plus": "unlearnkit.methods.images.neg_grad_plus",
        "lora_neg_grad_plus": "unlearnkit.methods.images.lora_neg_grad_plus",
        "random_labels": "unlearnkit.methods.images.random_labels",
        "salun": "unlearnkit.methods.images.salun",
        "bad_teacher": "unlearnkit.methods.images.bad_teacher",
        "scrub": "unlearnkit.methods.images.scrub",
        "influence": "unlearnkit.methods.images.influence",
        "fisher": "unlearnkit.methods.images.fisher",
        "ssd": "unlearnkit.methods.images.ssd",
        "lfssd": "unlearnkit.methods.images.lfssd",
        "unsir": "unlearnkit.methods.images.unsir",
        "jit": "unlearnkit.methods.images.jit",
        "cf_k": "unlearnkit.methods.images.cf_k",
        "eu_k": "unlearnkit.methods.images.eu_k",
        "challenge_fine_tune": "unlearnkit.methods.challenge.challenge_fine_tune",
        "challenge_head_reset": "unlearnkit.methods.challenge.challenge_head_reset",
        "noisy_fine_tune": "unlearnkit.methods.images.noisy_fine_tune",
        "fcs": "unlearnkit.methods.challenge.fcs",
        "msg": "unlearnkit.methods.challenge.msg",
        "cfw": "unlearnkit.methods.challenge.cfw",
        "prmq": "unlearnkit.methods.challenge.prmq",
        "ct": "unlearnkit.methods.challenge.ct",
        "kde": "unlearnkit.methods.challenge.kde",
        "rni": "unlearnkit.methods.challenge.rni",
        "sisa": "unlearnkit.methods.images.sisa",
        "oracle_matching": "unlearnkit.methods.images.oracle_matching",
        "dm_direct": "unlearnkit.methods.images.dm_direct",
        "datamodel_matching": "unlearnkit.methods.images.datamodel_matching",
        "ga": "unlearnkit.methods.language.ga",
        "graddiff": "unlearnkit.methods.language.graddiff",
        "ga_kl": "unlearnkit.methods.language.ga_kl",
        "npo": "unlearnkit.methods.language.npo",
        "token_scrub": "unlearnkit.methods.language.token_scrub",
        "token_fine_tune": "unlearnkit.methods.language.token_fine_tune",
        "grad_diff": "unlearnkit.methods.language.graddiff",
        "idk": "unlearnkit.methods.language.idk",
        "dpo": "unlearnkit.methods.language.dpo",
        "npo_gd": "unlearnkit.methods.language.npo_gd",
        "npo_kl": "unlearnkit.methods.language.npo_kl",
        "sim_npo": "unlearnkit.methods.language.sim_npo",
        "rmu": "unlearnkit.methods.language.rmu",
        "wga": "unlearnkit.methods.language.wga",
        "sat_imp": "unlearnkit.methods.language.sat_imp",
        "undial": "unlearnkit.methods.language.undial",
        "ceu": "unlearnkit.methods.language.ceu",
        "pdu": "unlearnkit.methods.language.pdu",
        "alt_po": "unlearnkit.methods.language.alt_po",
        "me_gd": "unlearnkit.methods.language.me_gd",
        "idk_ap": "unlearnkit.methods.language.idk_ap",
        "forget_retain": "unlearnkit.methods.language.forget_retain",
        "icu": "unlearnkit.methods.language.icu",
        "kumpr": "unlearnkit.methods.language.kumpr",
        "llmu": "unlearnkit.methods.language.llmu",
    }
)

METRICS: Mapping[str, str] = MappingProxyType(
    {
        "klom": "unlearnkit.metrics.distribution.klom",
        "margin_distance": "unlearnkit.metrics.distribution.margin_distance",
        "relative": "unlearnkit.metrics.distribution.relative",
        "representation": "unlearnkit.metrics.distribution.representation",
        "mia": "unlearnkit.metrics.attacks.mia",
        "neurips": "unlearnkit.metrics.attacks.neurips",
        "margin": "unlearnkit.metrics.utility.margin",
        "ulira": "unlearnkit.metrics.attacks.ulira",
        "ulira_strong": "unlearnkit.metrics.attacks.ulira_strong",
        "lira": "unlearnkit.metrics.attacks.lira",
        "rmia": "unlearnkit.metrics.attacks.rmia",
        "retention": "unlearnkit.metrics.utility.retention",
        "calibration": "unlearnkit.metrics.utility.calibration",
        "extraction_strength": "unlearnkit.metrics.language.extraction_strength",
        "exact_memorisation": "unlearnkit.metrics.language.exact_memorisation",
        "extraction_likelihood": "unlearnkit.metrics.language.extraction_likelihood",
        "perplexity": "unlearnkit.metrics.language.perplexity",
        "continuation": "unlearnkit.metrics.language.continuation",
        "bert_score": "unlearnkit.metrics.language.bert_score",
        "dialogue_f1": "unlearnkit.metrics.language.dialogue_f1",
        "last_word": "unlearnkit.metrics.language.last_word",
        "verbatim_memorisation": "unlearnkit.metrics.language.verbatim_memorisation",
        "knowledge_memorisation": "unlearnkit.metrics.language.knowledge_memorisation",
        "multiple_choice": "unlearnkit.metrics.language.multiple_choice",
        "probability": "unlearnkit.metrics.language.probability",
        "truth_ratio": "unlearnkit.metrics.language.truth_ratio",
        "forget_quality": "unlearnkit.metrics.language.forget_quality",
        "rouge": "unlearnkit.metrics.language.rouge",
        "model_utility": "unlearnkit.metrics.language.model_utility",
        "judge": "unlearnkit.metrics.language.judge",
        "judge_continuations": "unlearnkit.metrics.language.judge_continuations",
        "luf": "unlearnkit.metrics.language.luf",
        "closer_look": "unlearnkit.metrics.language.closer_look",
        "gibberish": "unlearnkit.metrics.language.gibberish",
        "text_mia": "unlearnkit.metrics.attacks.text_mia",
        "reference_mia": "unlearnkit.metrics.attacks.reference_mia",
        "priv_leak": "unlearnkit.metrics.attacks.priv_leak",
        "gradient_mia": "unlearnkit.metrics.attacks.gradient_mia",
    }
)

DATASETS: Mapping[str, str] = MappingProxyType(
    {
        "digits": "unlearnkit.data.images.digits",
        "mnist": "unlearnkit.data.images.mnist",
        "fashion_mnist": "unlearnkit.data.images.fashion_mnist",
        "cifar10": "unlearnkit.data.images.cifar10",
        "cifar100": "unlearnkit.data.images.cifar100",
        "utkface": "unlearnkit.data.images.utkface",
        "living17": "unlearnkit.data.images.living17",
        "living17_imagenet": "unlearnkit.data.images.living17_imagenet",
        "image_folder": "unlearnkit.data.images.image_folder",
        "image_arrays": "unlearnkit.data.images.image_arrays",
        "tiny_shakespeare": "unlearnkit.data.text.tiny_shakespeare",
        "text_files": "unlearnkit.data.text.text_files",
        "hub_text": "unlearnkit.data.text.hub_text",
        "fineweb": "unlearnkit.data.text.fineweb",
        "village": "unlearnkit.data.text.village",
        "village_pairs": "unlearnkit.data.text.village_pairs",
        "tofu": "unlearnkit.data.text.tofu",
        "pair_files": "unlearnkit.data.text.pair_files",
        "extraction_targets": "unlearnkit.data.text.extraction_targets",
        "muse_news": "unlearnkit.data.text.muse_news",
        "muse_books": "unlearnkit.data.text.muse_books",
        "village_muse": "unlearnkit.data.text.village_muse",
        "wmdp_bio": "unlearnkit.data.text.wmdp_bio",
        "wmdp_cyber": "unlearnkit.data.text.wmdp_cyber",
        "village_wmdp": "unlearnkit.data.text.village_wmdp",
    }
)

OBSERVATIONS: Mapping[str, str] = MappingProxyType(
    {
        "margins": "unlearnkit.observations.margins",
        "confidences": "unlearnkit.observations.confidences",
        "hidden": "unlearnkit.observations.hidden",
        "token_scores": "unlearnkit.observations.token_scores",
        "extraction": "unlearnkit.observations.extraction",
        "gradient_norms": "unlearnkit.observations.gradient_norms",
        "answers": "unlearnkit.observations.answers",
        "option_scores": "unlearnkit.observations.option_scores",
        "generations": "unlearnkit.observations.generations",
        "continuations": "unlearnkit.observations.continuations",
        "bert_scores": "unlearnkit.observations.bert_scores",
        "judged": "unlearnkit.observations.judged",
        "judged_continuations": "unlearnkit.observations.judged_continuations",
        "similarities": "unlearnkit.observations.similarities",
        "entailments": "unlearnkit.observations.entailments",
        "classified": "unlearnkit.observations.classified",
    }
)

ALWAYS_OBSERVED = "margins"
"""The observation that every population has: it shows which models failed."""

MODELS: Mapping[str, str] = MappingProxyType(
    {
        "mlp": "unlearnkit.models.images.mlp",
        "small_cnn": "unlearnkit.models.images.small_cnn",
        "resnet9": "unlearnkit.models.images.resnet9",
        "resnet18": "unlearnkit.models.images.resnet18",
        "resnet18_cifar": "unlearnkit.models.images.resnet18_cifar",
        "tiny_vit": "unlearnkit.models.images.tiny_vit",
        "vit_b": "unlearnkit.models.images.vit_b",
        "swin_t": "unlearnkit.models.images.swin_t",
        "gpt2": "unlearnkit.models.language.gpt2",
        "gpt_neo": "unlearnkit.models.language.gpt_neo",
        "qwen2": "unlearnkit.models.language.qwen2",
        "llama": "unlearnkit.models.language.llama",
        "nanogpt": "unlearnkit.models.language.nanogpt",
        "pretrained": "unlearnkit.models.language.pretrained",
    }
)

ATTACKS: Mapping[str, str] = MappingProxyType(
    {
        "relearn": "unlearnkit.attacks.images.relearn",
        "fine_tune": "unlearnkit.attacks.images.fine_tune",
        "token_relearn": "unlearnkit.attacks.language.token_relearn",
        "token_fine_tune": "unlearnkit.attacks.language.token_fine_tune",
        "quantise": "unlearnkit.attacks.quantise",
        "prune": "unlearnkit.attacks.prune",
        "prefix": "unlearnkit.attacks.language.prefix",
        "paraphrase": "unlearnkit.attacks.language.paraphrase",
    }
)
"""What unlearned models, and oracles, are put through to see whether what was forgotten comes back."""

TASKS: Mapping[str, str] = MappingProxyType(
    {"image": "unlearnkit.training.images.image_task", "text": "unlearnkit.training.language.text_task"}
)
"""Not plug-ins: what images and texts do not have in common. A module is in the fingerprints of its own kind alone."""

WHOLE = "unlearnkit.models.language.whole"
"""What merges low-rank terms into a base: a module that is in the fingerprints of attacks on such models alone."""

OURS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    dict(zip(KINDS, (METHODS, METRICS, OBSERVATIONS, DATASETS, MODELS, ATTACKS), strict=True))
)
"""Kind -> the registered plug-ins of this package."""

REGISTRIES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {kind: MappingProxyType(ChainMap(outside[kind], dict(names))) for kind, names in OURS.items()}
)
"""Kind -> all plug-ins: those of this package, then those from outside that the configuration names."""


def locate(kind: str, name: str) -> str:
    """Return the module that implements `name`; `kind` is a key of REGISTRIES, as "method".

    Raises ConfigError, with the nearest registered name, if there is none.
    """
    registry = REGISTRIES[kind]
    if name not in registry:
        raise ConfigError(f"unknown {kind} '{name}'", remedy=suggest(name, registry))
    return registry[name]


def load(kind: str, name: str) -> ModuleType:
    """Import and return the module that implements `name`; raises UnlearnkitError if one from outside cannot be."""
    module = locate(kind, name)
    if name not in outside[kind]:
        return importlib.import_module(module)
    loaded[kind, name] = module
    try:
        return imported(module)
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        raise UnlearnkitError(
            f"{kind} '{name}' ({module}) cannot be imported: {type(error).__name__}: {' '.join(str(error).split())} "
            f"(line {place.lineno} of {place.filename})",
            expected="a module that the Python of the jobs can import",
            remedy="correct it, or install what it imports where the jobs run",
        ) from None


def load_task(task: str) -> ModuleType:
    """Import and return the module of "image" or "text"."""
    return importlib.import_module(TASKS[task])


def task_of_model(name: str) -> ModuleType:
    """Import and return the module of the task that a registered model is for."""
    return load_task(task_of(load("model", name)))
