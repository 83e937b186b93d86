"""docs/own-models.md: its configuration, on a checkpoint that plain torch code made, from nothing to the page."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from checkout import CONFIG, Checkout
from torch import nn

from unlearnkit.artifacts.tables import read_table
from unlearnkit.config.load import load_experiment
from unlearnkit.data.images.loading import load_image_set

PAGE = (Path(__file__).resolve().parents[2] / "docs/own-models.md").read_text()
CONFIGURATION = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)[0]
FOLDER = "results/mine"


class Classifier(nn.Module):
    """A perceptron as a user may have written it."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.hidden, self.output = nn.Linear(64, hidden), nn.Linear(hidden, 10)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.output(torch.relu(self.hidden(images.flatten(1))))


def trained(hidden: int, samples: int) -> tuple[Classifier, float]:
    """Train on the first digits; return the model with its accuracy on the validation digits."""
    digits = load_image_set("digits", None)
    mean, sd = (torch.tensor(values).reshape(1, -1, 1, 1) for values in (digits.mean, digits.std))
    images, labels = (torch.from_numpy(digits.images) / 255 - mean) / sd, torch.from_numpy(digits.labels)
    torch.manual_seed(0)
    model, unseen = Classifier(hidden), slice(digits.train_size, digits.train_size + 100)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.2)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(images[:samples]), labels[:samples]).backward()
        optimiser.step()
    with torch.no_grad():
        return model, (model(images[unseen]).argmax(1) == labels[unseen]).float().mean().item()


def small(**changes: Any) -> dict[str, Any]:
    """The configuration of the page with a smaller model and fewer samples and methods."""
    raw = yaml.safe_load(CONFIGURATION)
    del raw["methods"]["neg_grad_plus"], raw["methods"]["scrub"]
    size = {
        "data": {"name": "digits", "train_size": 300, "validation_size": 100},
        "model": {"name": "mlp", "hidden": [8]},
    }
    return {**raw, **size, **changes}


def test_the_configuration_of_the_page_is_valid() -> None:
    experiment = load_experiment(yaml.safe_load(CONFIGURATION))
    assert experiment.num_models == 1 and not experiment.has_oracles and list(experiment.given) == ["original"]


@pytest.mark.slow
@pytest.mark.workflow
def test_one_checkpoint_and_a_forget_set_become_a_page(fresh: Checkout) -> None:
    model, accuracy = trained(8, 300)
    torch.save({"state_dict": model.state_dict(), "epoch": 60}, fresh.root / "classifier.pt")
    (fresh.root / CONFIG).write_text(yaml.safe_dump(small()))
    made = fresh.make()
    assert made.counts["given"] == 1 and "original" not in made.counts and "oracle" not in made.counts
    page = (fresh.root / FOLDER / "report/index.html").read_text()
    assert "What cannot be said here" in page
    provenance = (fresh.root / FOLDER / "report/provenance.html").read_text()
    assert "trained elsewhere" in provenance and "classifier.pt" in provenance
    assert "<code>klom</code> compares with oracles" in page

    rows = read_table(fresh.root / FOLDER / "tables/margin.parquet")[0].to_pylist()
    wanted = ("original", "correct", "validation")
    stated = [row["mean"] for row in rows if (row["candidate"], row["measure"], row["split"]) == wanted]
    # what is evaluated is the model of the checkpoint
    assert stated == [pytest.approx(accuracy, abs=1e-6)]
    record = json.loads((fresh.root / FOLDER / "original/0000-0000.safetensors.json").read_text())
    assert record["sources"][0]["path"] == "classifier.pt" and record["inputs"]["classifier.pt"]

    torch.save(Classifier(9).state_dict(), fresh.root / "classifier.pt")
    assert fresh.unlearnkit("verify", FOLDER, "--configfile", CONFIG).status == 1
    refused = fresh.snakemake("originals")
    assert refused.status != 0 and "classifier.pt does not fit the model" in refused.output
    assert "1.weight float32 [9, 64] instead of float32 [8, 64]" in refused.output and "Traceback" not in refused.output
