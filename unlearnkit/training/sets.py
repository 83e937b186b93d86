"""The sets of samples that a method reads: retain set, forget set, and the further ones that it declares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from unlearnkit.artifacts.membership import Membership
from unlearnkit.data.images.batches import retain_set
from unlearnkit.data.rows_by_model import rows_by_model
from unlearnkit.data.subset import Subset
from unlearnkit.errors import TrainingError

D = TypeVar("D", bound=Subset)


class Splits(Protocol):
    """A data set, of which a split needs only the sizes."""

    @property
    def train_size(self) -> int:
        """Samples in the training split, which come first."""
        ...

    @property
    def validation_size(self) -> int:
        """Samples in the validation split, which come next."""
        ...


@dataclass(frozen=True)
class UnlearningSplit:
    """The samples as an unlearner sees them: rows of the retain set, of the forget set, and of further sets by name."""

    retain: Tensor
    forget: Tensor
    views: Mapping[str, Tensor]

    @classmethod
    def of(cls, dataset: Splits, forget_set: npt.NDArray[np.integer]) -> UnlearningSplit:
        """Return the split of a data set by the training indices of a forget set.

        Further sets are "validation" and those in the `views` of the data set, if it has some.
        """
        forget = torch.from_numpy(np.asarray(forget_set, dtype=np.int64))
        return cls._with_views(dataset, retain_set(dataset.train_size, forget_set), forget)

    @classmethod
    def by_model(cls, dataset: Splits, membership: Membership) -> list[UnlearningSplit]:
        """Return a split for every model: what it keeps of the samples it was trained on, and what it forgets."""
        kept, forgotten = membership.member & ~membership.forgotten, membership.forgotten
        pairs = zip(rows_by_model(kept), rows_by_model(forgotten), strict=True)
        return [cls._with_views(dataset, retain, forget) for retain, forget in pairs]

    @classmethod
    def _with_views(cls, dataset: Splits, retain: Tensor, forget: Tensor) -> UnlearningSplit:
        first = dataset.train_size
        validation = torch.arange(first, first + dataset.validation_size)
        rows = {"retain": retain, "forget": forget, "validation": validation}
        views = {name: rows[of] for name, of in getattr(dataset, "views", {}).items()}
        return cls(retain, forget, {"validation": validation, **views})


class Sets(Generic[D]):
    """The sets of samples that a method draws from, `Sets[Samples]` for images and `Sets[Sequences]` for text.

    `data.retain` and `data.forget` are always there. Another set is reached by its name, such as `data.validation`, if
    the method declares the name in VIEWS; raises TrainingError if it does not.
    """

    def __init__(self, retain: D, forget: D, views: Mapping[str, D]) -> None:
        self.retain, self.forget = retain, forget
        self._views = dict(views)

    def __getattr__(self, name: str) -> D:
        # called for names that are no attributes; those with an underscore are Python's own questions, as copy asks
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._views:
            raise TrainingError(
                f"the method reads data.{name}, a set that it does not declare",
                expected=f"one of {', '.join(self.by_name)}",
                remedy=f"add '{name}' to its VIEWS, or correct the name",
            )
        return self._views[name]

    @property
    def by_name(self) -> dict[str, D]:
        """All sets by their names."""
        return {"retain": self.retain, "forget": self.forget, **self._views}

    def name_of(self, draws: Subset) -> str:
        """Return the name of the set that draws belong to, as a whole or as a part or form of it."""
        return next(name for name, samples in self.by_name.items() if samples.counter is draws.counter)

    @property
    def passes(self) -> int:
        """The samples that all sets together have handed to each model so far."""
        return sum(samples.passes for samples in self.by_name.values())
