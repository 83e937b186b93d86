"""The page on searches: its configuration is valid as written, and `check` says where variants are tuned."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from unlearnkit.config.load import load_experiment
from unlearnkit.config.reading import merged
from unlearnkit.doctor.configuration import tuned_findings


def test_the_configuration_of_the_page_is_valid_and_check_says_what_is_tuned_where(repository: Path) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", (repository / "docs/search.md").read_text(), re.DOTALL)
    below, own = yaml.safe_load((repository / "config.yaml").read_text()), yaml.safe_load(block)
    own["methods"] = {"own": own["methods"]["fine_tune"]}
    (finding,) = tuned_findings(load_experiment(merged(below, own)))
    assert (finding.level, finding.fact) == ("ok", "own is tuned on tuning; tables mark its values there")
    alone = {**merged(below, own), "forget_sets": {"tuning": own["forget_sets"]["tuning"]}}
    (finding,) = tuned_findings(load_experiment(alone))
    assert finding.level == "warning"
    assert finding.fact == "own is tuned on all forget sets that it is reported on (tuning), so its values flatter it"
