"""Settings that a rule of the user's makes during the run: they are made first, used, and recorded as what was used."""

from __future__ import annotations

import json

import pytest
from checkout import RESULTS, Checkout

pytestmark = [pytest.mark.workflow, pytest.mark.slow]

CHOSEN = f"{RESULTS}/study/chosen.yaml"
STUDY = f"""
include: "Snakefile"


rule study:
    output:
        "{CHOSEN}",
    params:
        lr=RATE,
    shell:
        "echo 'lr: {{params.lr}}' > {{output}}"
"""


def test_a_run_makes_the_settings_first_and_follows_their_content(finished: Checkout) -> None:
    entry = {"method": "fine_tune", "settings_file": CHOSEN, "epochs": 2, "snapshots": [2]}
    finished.configure({"methods.tuned": entry})
    weights = f"{RESULTS}/unlearned/nines/tuned/0000-0001.safetensors"
    asked = (weights, "-s", "study.smk")
    for rate in ("0.03", "0.04"):
        (finished.root / "study.smk").write_text(STUDY.replace("RATE", rate))
        assert finished.make(*asked).counts == {"study": 1, "unlearn": 1}
        record = json.loads((finished.root / f"{weights}.json").read_text())
        assert record["settings"]["settings"]["lr"] == float(rate)
        assert CHOSEN in record["inputs"]
        assert finished.plan(*asked).nothing_to_do
