"""Seeds of every random draw, derived from (base seed, role, model index, stage) and from nothing else.

Job layout (shard size, stack size, device, order of execution) never enters, so growing N or changing the shard size
leaves every existing model as it was.
"""

from __future__ import annotations

import hashlib

SCHEME = 1
"""Version of the derivation below; a parameter of every rule, so that changing it makes every artifact stale."""


def derive_seed(base: int, role: str, model_index: int, stage: str) -> int:
    """Return a seed in [0, 2**63): the leading 63 bits of SHA-256 over scheme, base seed, role, model index and stage.

    `role` is what the model is ("original", "oracle", "held_out_oracle", "unlearned"), `stage` what the draw is for
    ("initial_weights", "batches", ...).
    """
    text = f"unlearnkit seeds {SCHEME}|{base}|{role}|{model_index}|{stage}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
