"""The village, `experiments/village.yaml`, with few models of a smaller size, for copies that run Snakemake."""

from __future__ import annotations

import yaml
from checkout import CONFIG, Checkout

FEWER = {
    "experiment": "tiny",
    "num_models": 2,
    "held_out_oracles": 2,
    "shard_size": 2,
    "methods": {
        "npo": {"method": "npo", "steps": 6, "batch_size": 6, "lr": 2.0e-3, "snapshots": [3, 6]},
        "token_fine_tune": {"method": "token_fine_tune", "steps": 4, "batch_size": 6, "lr": 5.0e-3},
    },
    "metrics": {"margin_distance": {}},
}


def finish(copy: Checkout) -> None:
    """Make the tiny experiment this one, and finish it with its report and the page of its artifact graph."""
    village = yaml.safe_load((copy.root / "experiments/village.yaml").read_text()) | FEWER
    village["model"] |= {"layers": 1, "width": 32}
    village["training"] |= {"epochs": 1}
    (copy.root / CONFIG).write_text(yaml.safe_dump(village, sort_keys=False))
    copy.make("report_all")
