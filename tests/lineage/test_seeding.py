"""The seeds that records are traced to are those that jobs draw from."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from unlearnkit.lineage.seeding import seeding
from unlearnkit.places import Place, place_of
from unlearnkit.seeds import SCHEME, derive_seed

DRAWING = ("generators", "seeded", "derive_seed", "draws")
VIEWS = {"unlearned": {"validation"}}
"""Role -> further sets, which draw from a stage of their own name."""


def drawn(*files: Path) -> Iterator[str]:
    """Yield the stages that files draw for: the last arguments of calls that give seeds, where they are texts."""
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and node.args and isinstance(node.args[-1], ast.Constant):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in DRAWING and isinstance(node.args[-1].value, str):
                    yield node.args[-1].value


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("original/0000-0001.safetensors", ("training/shard.py", "training/images/image_task.py")),
        ("unlearned/a/b/0000-0001.safetensors", ("training/shard.py", "training/unlearning.py")),
        ("unlearned/a/b/0000-0001.margins.parquet", ("training/shard.py", "training/unlearning.py")),
        ("attribution/a/outputs/0000-0001.safetensors", ("training/shard.py", "training/images/image_task.py")),
        ("pool/a/0000-0001.safetensors", ("training/shard.py", "training/images/image_task.py")),
        ("membership/a/0000-0001.safetensors", ("data/membership.py",)),
    ],
)
def test_every_draw_of_a_job_is_told(repository: Path, name: str, files: tuple[str, ...]) -> None:
    record = {"settings": {"seed": 3, "seed_scheme": 1}, "seed_scheme": 1}
    place = place_of(name)
    assert place
    found = seeding(place, record)
    assert found
    stated = set(drawn(*(repository / "unlearnkit" / file for file in files)))
    assert set(found["stages"]) == stated | VIEWS.get(found["role"], set())
    first = found["stages"][0]
    assert found["first"][first] == derive_seed(3, found["role"], 0, first)


@pytest.mark.parametrize(
    ("method", "views"),
    [
        ("alt_po", ("alternatives",)),
        ("idk_ap", ("refusals", "retain_refusals")),
        ("npo", ()),
        ("scrub", ()),
        ("of_a_user", ()),
    ],
)
def test_further_sets_of_a_method_have_seeds_of_their_own(method: str, views: tuple[str, ...]) -> None:
    place = place_of("unlearned/a/b/0000-0001.safetensors")
    assert place
    found = seeding(place, {"settings": {"seed": 3, "method": method}, "seed_scheme": SCHEME})
    assert found and tuple(found["stages"]) == (*place.about.draws, *views)
    assert [found["first"][view] for view in views] == [derive_seed(3, "unlearned", 0, view) for view in views]


def test_a_request_after_others_has_the_base_seed_in_its_slice() -> None:
    place = place_of("unlearned/second/npo/0000-0001.safetensors")
    assert place
    settings = {"seed": 3, "seed_scheme": SCHEME, "continual": {"request": 2, "reference": "original", "seed": 77}}
    found = seeding(place, {"settings": settings, "seed_scheme": SCHEME})
    assert found and found["base"] == 77 and found["first"]["method"] == derive_seed(77, "unlearned", 0, "method")


def test_trials_of_a_search_have_the_seeds_that_are_stated() -> None:
    settings = {"seed": 3, "search": "ft", "study": 1, "trials": 5, "space": {"lr": {}}}
    found = seeding(Place("studies", {"search": "ft", "seed": "1"}), {"settings": settings, "seed_scheme": SCHEME})
    assert found and (found["role"], found["models"], found["stages"]) == (
        "search ft 1",
        [0, 4],
        ["all settings", "lr"],
    )
    assert found["first"]["lr"] == derive_seed(3, "search ft 1", 0, "lr")
