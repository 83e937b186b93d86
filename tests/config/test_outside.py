"""Plug-ins from outside of the package: found, named, checked, typed and fingerprinted without being imported."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from unlearnkit import declarations, fingerprint, registry, sources, user_plug_ins
from unlearnkit.config import outside
from unlearnkit.config.load import load_experiment
from unlearnkit.config.outside import GROUPS, RESERVED
from unlearnkit.config.reading import read_configuration
from unlearnkit.errors import ConfigError, UnlearnkitError
from unlearnkit.stages import STAGES
from unlearnkit.workflow.arena_graph import TABLES
from unlearnkit.workflow.graph import Graph

METHOD = '''
"""Shrink the weights."""
{imports}
import torch
from pydantic import Field

from unlearnkit.config.settings import MethodSettings

STACKABLE = True
NEEDS = ()


class Settings(MethodSettings):
    """Settings."""

    factor: float = Field({factor}, gt=0, le=1, description="what weights are multiplied by")


def unlearn(model, data, settings, context):
    """Return the model."""
    raise SystemExit(torch)
'''
METRIC = """
from unlearnkit.config.settings import Settings as Base

AXIS, NEEDS_ORACLE, HEADLINE, STATISTIC = 1, 2, 3, 4
AXIS = "samples"
NEEDS_ORACLE = False
HEADLINE = "spread"
STATISTIC = "mean"
OF = {"direction": "lower", "low": 0, "high": None, "unit": "nats", "label": "spread", "splits": ("forget",)}
MEASURES = {"spread": OF}


class Settings(Base):
    power: float = 1.0


def score(candidate, oracle, *, settings, rng): ...
"""

OBSERVATION = """
from unlearnkit.config.settings import ObservationSettings
from unlearnkit.training.images.predict import logits_of

VALUES = {"image": {"centre": "float32"}}


class Settings(ObservationSettings): ...


NEEDS = ("logits",)
def observe(subjects, settings): ...
"""


def method(factor: float = 0.9, imports: str = "") -> str:
    return METHOD.format(factor=factor, imports=imports)


Change = Callable[[str], dict[str, Any]]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder; what the test makes known is unknown after it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(user_plug_ins.OUTSIDE, "{}")
    user_plug_ins.loaded.clear()  # by other tests of this process
    forget()
    yield tmp_path
    user_plug_ins.adopt({})
    forget()


def forget() -> None:
    """Forget what a process reads once."""
    for cached in READ_ONCE:
        cached.cache_clear()


READ_ONCE = (
    outside.installed,
    declarations.declarations,
    sources.source_path,
    sources._found,
    fingerprint.fingerprint,
    fingerprint.content_hash,
    fingerprint._imports_of,
)


@pytest.fixture
def package(here: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package `lab` with a method, a metric, and entry points for both."""
    write("site/lab/__init__.py", "raise SystemExit('imported')\n")
    write("site/lab/shrink.py", method())
    write("site/lab/spread.py", METRIC)
    write("site/lab/centres.py", OBSERVATION)
    write("site/lab/half.py", OBSERVATION[: OBSERVATION.index("NEEDS")])
    offer("lab", method="shrink = lab.shrink", metric="spread = lab.spread", observation="centres = lab.centres")
    monkeypatch.syspath_prepend(here / "site")
    return here / "site/lab"


def offer(name: str, site: str = "site", **points: str) -> None:
    write(f"{site}/{name}-0.1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    sections = (f"[{GROUPS[kind]}]\n{point}\n" for kind, point in points.items())
    write(f"{site}/{name}-0.1.dist-info/entry_points.txt", "\n".join(sections))


def write(name: str, text: str) -> None:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def refusal(configuration: dict[str, Any]) -> str:
    with pytest.raises(UnlearnkitError) as refused:
        load_experiment(configuration)
    return str(refused.value)


# where they are found


@pytest.mark.parametrize("named", ["shrink", "lab.shrink"])
def test_a_package_offers_a_method_which_is_typed_like_ours(named: str, package: Path, changed: Change) -> None:
    experiment = load_experiment(changed(f"methods: {{own: {{method: {named}, grid: {{factor: [0.5, 0.25]}}}}}}"))
    assert experiment.variants["own.factor0.5"].settings.model_dump() == {"factor": 0.5}
    assert Graph(experiment).unlearning_slice("own.factor0.25")["method"] == "shrink"
    assert "lab" not in sys.modules
    assert refusal(changed(f"methods: {{own: {{method: {named}, factor: 2}}}}")) == (
        "methods.own.factor is 2; expected a number, above 0 and at most 1."
    )


@pytest.mark.parametrize("block", ["spread: {power: 2}", "spread: {metric: lab.spread, power: 2}"])
def test_a_package_offers_a_metric_whose_key_is_its_name(block: str, package: Path, changed: Change) -> None:
    graph = Graph(load_experiment(changed(f"metrics: {{{block}}}")))
    assert graph.metrics == ["klom", "spread"]
    assert graph.score_slice("spread", "eights", "floor")["settings"] == {"power": 2}


def test_a_metric_may_have_another_name_than_its_file(here: Path, changed: Change) -> None:
    write("spread.py", METRIC)
    assert Graph(load_experiment(changed("metrics: {width: {metric: spread.py}}"))).metrics == ["klom", "width"]


@pytest.mark.parametrize("block", ["{}", "{observation: lab.centres}", "{observation: centres, items: [forget]}"])
def test_a_package_offers_an_observation_whose_key_is_its_name(block: str, package: Path, changed: Change) -> None:
    experiment = load_experiment(changed(f"observations: {{centres: {block}}}"))
    assert experiment.observed == ("margins", "centres")
    assert registry.locate("observation", "centres") == "lab.centres"
    assert experiment.observation_settings("centres").items == (("forget",) if "items" in block else None)


def test_a_metric_reads_an_observation_from_outside(package: Path, changed: Change) -> None:
    write("lab_spread.py", METRIC + 'READS = ("centres",)\n')
    block = "metrics: {own: {metric: lab_spread.py}}"
    graph = Graph(load_experiment(changed(f"{{observations: {{centres: {{}}}}, {block}}}")))
    assert graph.experiment.reads("own") == ("margins", "centres")
    assert "reads 'centres', which is no registered observation" in refusal(changed(block))


def test_no_observation_or_metric_is_called_like_a_rule_a_stage_a_table_or_a_target(repository: Path) -> None:
    rules = "".join(path.read_text() for path in [repository / "Snakefile", *repository.glob("rules/*.smk")])
    stages = {name for name in STAGES if name.isidentifier()} - {registry.ALWAYS_OBSERVED}
    found = {*re.findall(r"^ *(?:use rule \w+ as|rule) (\w+)", rules, re.MULTILINE)}
    targets = {name.removesuffix("_all") for name in found if name.endswith("_all")}
    assert {*RESERVED["observation"]} == found | stages | targets
    assert {*RESERVED["metric"]} == targets | {*TABLES} | {"cost"}


def test_a_file_lies_beside_the_configuration_that_names_it(here: Path, valid: dict[str, Any]) -> None:
    write("base/mine/shrink.py", method(0.5))
    write("base/own.yaml", yaml.safe_dump(valid | {"methods": {"own": {"method": "mine/shrink.py"}}}))
    write("over/over.yaml", "methods: {own: {factor: 0.25}}")
    raw = read_configuration(["base/own.yaml", "over/over.yaml"])
    assert raw["methods"]["own"] == {"method": "base/mine/shrink.py", "factor": 0.25}
    assert read_configuration([here / "base/own.yaml"])["methods"]["own"]["method"] == "base/mine/shrink.py"
    write("mine/shrink.py", method(0.75))
    raw = read_configuration(["base/own.yaml"], ["methods={own: {method: ./mine/shrink.py}}"])
    variant = load_experiment(raw).variants["own"]
    assert (variant.method, variant.settings.model_dump()) == ("shrink", {"factor": 0.75})


def test_a_file_of_another_folder_is_named_by_its_whole_path(
    here: Path, valid: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    write("base/shrink.py", method())
    write("base/own.yaml", yaml.safe_dump(valid | {"methods": {"own": {"method": "shrink.py"}}}))
    write("work/empty", "")
    monkeypatch.chdir("work")
    assert read_configuration(["../base/own.yaml"])["methods"]["own"]["method"] == str(here / "base/shrink.py")


def test_names_of_one_configuration_are_unknown_to_the_next(package: Path, changed: Change) -> None:
    load_experiment(changed("methods: {own: {method: lab.shrink}}"))
    assert registry.locate("method", "shrink") == "lab.shrink"
    load_experiment(changed("{}"))
    with pytest.raises(ConfigError, match="unknown method 'shrink'"):
        registry.locate("method", "shrink")


# what is refused


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("methods: {own: {method: gone.py}}", "methods.own.method is 'gone.py', but there is no such file; expected"),
        ("methods: {own: {method: lab.gone}}", "methods.own.method: module lab.gone does not exist; expected a module"),
        ("methods: {own: {method: mine/shrink}}", "'mine/shrink', which is no plug-in; expected a file such as"),
        ("metrics: {own: {metric: spreed}}", "metrics.own.metric is 'spreed', which is no plug-in; expected a file"),
        ("observations: {own: {observation: gone.py}}", "observations.own.observation is 'gone.py', but there is no"),
        ("observations: {score: {observation: lab.centres}}", "no observation can be called 'score'; expected small"),
        ("observations: {arena: {observation: lab.centres}}", "no observation can be called 'arena'; expected small"),
        ("observations: {a_all: {observation: lab.centres}}", "no observation can be called 'a_all'; expected small"),
        (
            "observations: {hidden: {observation: lab.centres}}",
            "2 plug-ins for the observation 'hidden': unlearnkit.ob",
        ),
        (
            "observations: {klom: {observation: lab.centres}}",
            "'klom' is the name of a metric and of an observation; exp",
        ),
        ("observations: {margins: {observation: lab.centres}}", "2 plug-ins for the observation 'margins'"),
        ("observations: {own: {observation: lab.half}}", "observation 'own' does not define NEEDS, observe; expected"),
        ("metrics: {cost: {metric: lab.spread}}", "no metric can be called 'cost'; expected small letters"),
        ("methods: {own: {method: Shrink.py}}", "no method can be called 'Shrink'; expected small letters"),
        ("methods: {own: {method: scrub.py}}", "there are 2 plug-ins for the method 'scrub': unlearnkit.methods"),
        ("metrics: {klom: {metric: lab.spread}}", "there are 2 plug-ins for the metric 'klom': unlearnkit.metrics"),
        ("methods: {a: {method: lab.shrink}, b: {method: mine/shrink.py}}", "lab.shrink and mine/shrink.py; expected"),
        ("model: {name: gone.py}", "model.name is 'gone.py', but there is no such file"),
        ("data: {name: gone.py}", "data.name is 'gone.py', but there is no such file"),
        ("methods: {own: {method: broken.py}}", "broken.py has a syntax error in line 1"),
        ("methods: {own: {method: binary.py}}", "binary.py is not a file of Python"),
        ("methods: {own: {method: failing.py}}", "the declarations of failing.py fail: ZeroDivisionError: division by"),
        ("methods: {own: {method: shrnk}}", "methods.own.method is 'shrnk', which is unknown"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_paragraph(
    change: str, says: str, package: Path, changed: Change
) -> None:
    for name in ("Shrink.py", "scrub.py", "mine/shrink.py"):
        write(name, method())
    write("broken.py", "def\n")
    Path("binary.py").write_bytes(b"\xff\xfe\x00")
    write("failing.py", f"SIZE = 1 / 0\n{method()}")
    told = refusal(changed(change))
    assert says in told
    assert "\n" not in told


def test_all_that_a_plug_in_lacks_is_named_at_once_with_its_file(here: Path, changed: Change) -> None:
    write("mine/other.py", "class Settings: ...\n")
    write("mine/half.py", 'from .other import Settings\nNEEDS = ("recipe")\ndef unlearn(model): ...\n')
    assert refusal(changed("methods: {own: {method: mine/half.py}}")) == (
        "method 'half' does not define STACKABLE, Settings in the file itself, NEEDS as tuple, not as str, unlearn "
        "with the arguments (model, data, settings, context); expected all that the docstring of unlearnkit.methods "
        "lists. Add what is missing to mine/half.py."
    )


def test_a_method_that_takes_its_sets_one_by_one_is_told_what_to_change(here: Path, changed: Change) -> None:
    write("mine/old.py", method().replace("model, data", "model, retain, forget"))
    assert refusal(changed("methods: {own: {method: mine/old.py}}")) == (
        "method 'old' does not define unlearn with the arguments (model, data, settings, context); expected all that "
        "the docstring of unlearnkit.methods lists. Add what is missing to mine/old.py; take `data` in place of "
        "`retain` and `forget`, which are now data.retain and data.forget."
    )


def test_a_metric_or_file_of_a_known_name_is_told_which_to_use(here: Path, changed: Change) -> None:
    write("spread.py", METRIC)
    told = refusal(changed("metrics: {klom: {metric: spread.py}}"))
    assert told.endswith("since tables and slices state the name alone. Use another key than klom.")
    write("ascend.py", method())
    told = refusal(changed("methods: {own: {method: asscend}}"))
    assert told == "methods.own.method is 'asscend', which is unknown. Did you mean 'ascend.py'?"


@pytest.mark.parametrize("kind", ["ours", "theirs"])
def test_two_packages_with_one_name_are_refused_with_both_places(kind: str, package: Path, changed: Change) -> None:
    name = "scrub" if kind == "ours" else "shrink"
    offer("other", method=f"{name} = other.shrink")
    told = refusal(changed(f"methods: {{own: {{method: {name}}}}}"))
    first = "unlearnkit.methods.images.scrub of unlearnkit" if kind == "ours" else "lab.shrink of the package lab 0.1"
    assert all(place in told for place in (f"the method '{name}'", first, "other.shrink of the package other 0.1"))


def test_what_no_configuration_names_is_not_read(package: Path, changed: Change) -> None:
    offer("other", method="broken = nowhere.to_be_found")
    assert load_experiment(changed("{}"))


# fingerprints


def code(changed: Change, named: str) -> str:
    """Return the fingerprint of a method as a new process would."""
    forget()
    return Graph(load_experiment(changed(f"methods: {{own: {{method: {named}}}}}"))).unlearning_code("own")


IMPORTS = "from . import losses\nfrom .parts.norms import norm\n"


@pytest.mark.slow
@pytest.mark.parametrize("named", ["mine/shrink.py", "lab.shrink"])
def test_a_plug_in_is_fingerprinted_with_what_it_imports_from_its_own_folder(
    named: str, package: Path, changed: Change
) -> None:
    root = Path("mine") if named.endswith(".py") else package
    write(f"{root}/shrink.py", method(imports=IMPORTS))
    write(f"{root}/losses.py", "from unlearnkit.training.images.losses import cross_entropy\nRATE = 1\n")
    write(f"{root}/parts/norms.py", "from ..scale import SCALE\ndef norm(x): return x\n")
    write(f"{root}/scale.py", "SCALE = 1\n")
    write(f"{root}/unused.py", "ANYTHING = 1\n")
    before = code(changed, named)
    for name, text in (("unused", "ANYTHING = 2\n"), ("scale", '"""A docstring."""\nSCALE = 1  # a remark\n')):
        write(f"{root}/{name}.py", text)
    assert code(changed, named) == before
    for name in ("shrink.py", "losses.py", "parts/norms.py", "scale.py"):
        kept = (root / name).read_text()
        write(f"{root}/{name}", f"{kept}\nMORE = 1\n")
        assert code(changed, named) != before, name
        write(f"{root}/{name}", kept)
    assert code(changed, named) == before


def test_a_plug_in_that_moves_with_its_folder_is_the_same(here: Path, changed: Change) -> None:
    write("mine/shrink.py", method(imports="from .losses import RATE"))
    write("mine/losses.py", "RATE = 1\n")
    before = code(changed, "mine/shrink.py")
    (here / "mine").rename(here / "yours")
    assert code(changed, "yours/shrink.py") == before


@pytest.mark.parametrize(
    ("imports", "says"),
    [
        (
            "import losses",
            "mine/shrink.py imports losses, which lies beside it; expected a relative import, since the folder of a "
            "plug-in is not on the path of Python. Write `from .losses import ...` or `from . import losses`.",
        ),
        ("from .gone import RATE", "mine/shrink.py imports .gone, but there is no mine/gone.py. Restore it, or"),
        ("from . import gone", "mine/shrink.py imports .gone, but there is no mine/gone.py. Restore it, or"),
        ("from .losses import LOSS\nfrom .uses import X", "mine/uses.py imports .gone, but there is no mine/gone.py."),
        ("from ....gone import RATE", "mine/shrink.py has a relative import in line 3 that leads out of its package"),
    ],
)
def test_an_import_that_no_job_could_make_is_refused(imports: str, says: str, here: Path, changed: Change) -> None:
    write("mine/shrink.py", method(imports=imports))
    write("mine/losses.py", "LOSS = 1\n")
    write("mine/uses.py", "from .gone import X\n")
    assert refusal(changed("methods: {own: {method: mine/shrink.py}}")).startswith(says)


def test_an_import_that_a_package_lacks_is_refused(package: Path, changed: Change) -> None:
    write("site/lab/shrink.py", method(imports="from .gone import RATE"))
    told = refusal(changed("methods: {own: {method: lab.shrink}}"))
    assert told.startswith("lab.shrink imports .gone, but there is no lab.gone.")


# in jobs


def test_a_job_imports_a_file_with_its_neighbours_and_knows_where_it_came_from(here: Path, changed: Change) -> None:
    from unlearnkit.artifacts.provenance import plug_ins_used

    for folder, rate in (("mine", 1), ("yours", 2)):
        write(f"{folder}/shrink.py", method(imports="from .losses import RATE"))
        write(f"{folder}/losses.py", f"RATE = {rate}\n")
        load_experiment(changed(f"methods: {{own: {{method: {folder}/shrink.py}}}}"))
        assert rate == registry.load("method", "shrink").RATE
        assert plug_ins_used() == {"method shrink": {"file": f"{folder}/shrink.py"}}


def test_a_plug_in_that_needs_what_is_not_installed_is_refused_by_the_job(here: Path, changed: Change) -> None:
    write("shrink.py", method(imports="import not_installed_anywhere"))
    load_experiment(changed("methods: {own: {method: shrink.py}}"))
    with pytest.raises(UnlearnkitError) as refused:
        registry.load("method", "shrink")
    assert str(refused.value).startswith(
        "method 'shrink' (shrink.py) cannot be imported: ModuleNotFoundError: No module named 'not_installed_anywhere' "
        "(line 3 of "
    )
