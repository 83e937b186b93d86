"""What models state about their size is what is built: parameters, bytes of a state, multiply-adds."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from image_models import IMAGE_MODELS, SMALL
from torch.utils.flop_counter import FlopCounterMode

from unlearnkit import registry
from unlearnkit.config.methods.costs import ModelSize
from unlearnkit.config.settings import ModelSettings
from unlearnkit.declarations import declarations
from unlearnkit.errors import UnlearnkitError

OTHER_SETTINGS: dict[str, dict[str, Any]] = {
    "mlp": {"hidden": (7, 5)},
    "small_cnn": {"channels": (4, 6)},
    "tiny_vit": {"drop_path": 0.0},
    "vit_b": {"patch_size": 3, "layers": 1, "width": 10, "heads": 5, "mlp_width": 7},
    "swin_t": {"patch_size": 3, "window": 4, "width": 6, "depths": (2, 1, 1), "heads": (1, 2, 3), "drop_path": 0.0},
}
SHAPES = [(3, 32, 32), (1, 28, 28), (2, 13, 15), (1, 100, 240)]  # the last has several windows of attention


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", IMAGE_MODELS)
def test_the_stated_size_is_the_built_one(name: str, shape: tuple[int, int, int]) -> None:
    module = registry.load("model", name)
    for settings in (SMALL.get(name, {}), OTHER_SETTINGS.get(name, {})):
        multiple = getattr(module.Settings(**settings), "side_multiple", 1)
        shape = (shape[0], shape[1] // multiple * multiple, shape[2] // multiple * multiple)
        model = module.build(7, shape, module.Settings(**settings)).eval()
        with FlopCounterMode(display=False) as counter, torch.no_grad():
            model(torch.zeros(1, *shape))
        built = ModelSize(
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            state_bytes=sum(tensor.numel() * tensor.element_size() for tensor in model.state_dict().values()),
            # the counter counts a multiplication and an addition as two
            multiply_adds=counter.get_total_flops() // 2,
        )
        assert declarations(module.__name__).Settings(**settings).size(7, shape) == built


def test_a_model_that_states_no_size_is_told_so() -> None:
    with pytest.raises(UnlearnkitError, match=r"states no size.*`size`"):
        ModelSettings().size(10, (1, 8, 8))
