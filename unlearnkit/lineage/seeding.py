"""Which random draws an artifact depends on, by its record and its path."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unlearnkit.declarations import declarations
from unlearnkit.lineage.records import Record
from unlearnkit.places import Place
from unlearnkit.registry import REGISTRIES, locate
from unlearnkit.seeds import SCHEME, derive_seed


def seeding(place: Place, record: Record) -> dict[str, Any] | None:
    """Return base seed, scheme, role, model indices and stages of the draws of an artifact; None if it has no draws.

    `roles` names the stages whose seeds are those of another role, if there are any. `first` holds the seeds of the
    first model (of the summary, for scores), as `derive_seed` gives them; they are left out where the record has
    another scheme than the present code. Stages such as order/0 or answers/0 are the first of a row of stages, with the
    number of a pass, or of a training pair. Forget sets draw from the seed in their settings.
    """
    settings = record["settings"]
    roles: dict[str, str] = {}
    stages = place.about.draws
    if place.stage in ("forget sets", "requests"):
        return {"seed": settings["seed"], "generator": "NumPy's legacy generator"} if "seed" in settings else None
    seed = settings.get("continual", settings).get("seed")
    if seed is None or place.stage in ("report", "figures"):
        return None
    if place.stage in ("scores", "summaries", "attacked scores", "attacked summaries", "trials"):
        role, models = f"{place.wildcards['metric']} {place.wildcards['forget_set']}", range(1)
    elif place.stage == "studies":
        # the models of these seeds are trials
        role, models = f"search {settings['search']} {settings['study']}", range(settings["trials"])
        stages = ("all settings", *settings["space"])
    elif place.stage == "chosen settings":
        role, models, stages = f"search {settings['search']}", range(settings["studies"]), ("objective",)
    elif place.stage == "leaderboard":
        role, models = "leaderboard", range(1)
    elif place.is_observation and "evaluated" in settings and "method" not in settings:
        # made of stored weights: it draws which retained sequences it is on, and nothing else
        role, models, stages = "evaluation", range(1), ("retained_samples",)
    else:
        role, models = settings.get("role", place.about.role), place.models or range(1)
        views = [view for kind in ("method", "attack") for view in _views(kind, settings.get(kind, ""))]
        stages += tuple(view for view in views if view not in stages)
        if "forgotten" in (recipe := settings.get("training", {})) and role != "unlearned":
            role, stages = _of_text(role, recipe)
        elif recipe.get("same_initial_weights"):
            roles["initial_weights"] = "original"
        elif settings.get("kind") == "draws":
            stages = ("forgotten",)  # who is trained on what is drawn for the pool that the models come from
    found = {
        "base": seed,
        "scheme": record["seed_scheme"],
        "role": role,
        "models": [models[0], models[-1]],
        "stages": list(stages),
        "rule": f"first 63 bits of SHA-256('unlearnkit seeds {record['seed_scheme']}|{seed}|{role}|"
        "<model index>|<stage>')",
    }
    if roles:
        found["roles"] = roles
    if record["seed_scheme"] == SCHEME:
        found["first"] = {stage: derive_seed(seed, roles.get(stage, role), models[0], stage) for stage in stages}
    return found


def _views(kind: str, name: str) -> tuple[str, ...]:
    """Return the further sets that a method or attack draws from, each from a stage of its name.

    Of a user's that this configuration does not name, they are not known.
    """
    known = name in REGISTRIES[kind]
    return getattr(declarations(locate(kind, name)), "VIEWS", ()) if known else ()


def _of_text(role: str, recipe: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the role whose seeds a language model has, and the stages: those of its first pass over the text."""
    drawn = {
        "order/0": recipe["order"] == "shuffled",
        "refill/0": recipe["forgotten"] == "refill" and role != "original",
    }
    paired = recipe["paired"] and role == "oracle"
    return "original" if paired else role, ("initial_weights", *(stage for stage, used in drawn.items() if used))


def seeds_text(found: dict[str, Any]) -> str:
    """Return `seeding` in one line."""
    if "generator" in found:
        return f"{found['seed']}, of {found['generator']}"
    first, last = found["models"]
    roles = found.get("roles", {})
    stages = [f"{stage} (role {roles[stage]})" if stage in roles else stage for stage in found["stages"]]
    return (
        f"base {found['base']}, scheme {found['scheme']}, role {found['role']}, model indices {first} to {last}, "
        f"stages {', '.join(stages)}; {found['rule']}"
    )
