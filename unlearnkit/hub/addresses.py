"""What a repository is called: in messages, on the hub's pages, and in its protocol."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from unlearnkit.errors import ConfigError

Kind = Literal["dataset", "model"]
WORDS: dict[Kind, str] = {"dataset": "data set", "model": "model"}
COMMIT = re.compile(r"[0-9a-f]{40}")
NAME = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Address:
    """A repository: owner and name, what it holds, and the commit, branch or tag that is meant."""

    name: str
    kind: Kind
    revision: str

    def __post_init__(self) -> None:
        """Raise ConfigError if the name is none that a repository can have."""
        if not NAME.fullmatch(self.name) or ".." in self.name or "--" in self.name:
            raise ConfigError(
                f"'{self.name}' is no name of a repository", expected="its owner and its name, as in easydub/EasyDUB"
            )

    def __str__(self) -> str:
        return f"the {WORDS[self.kind]} {self.name}"

    @property
    def version(self) -> str:
        """The repository and what is meant of it; of a commit its first 12 digits."""
        short = self.revision[:12] if COMMIT.fullmatch(self.revision) else self.revision
        return f"{self} at {short}"

    @property
    def page(self) -> str:
        """Where people read about the repository."""
        from huggingface_hub import constants

        return f"{constants.ENDPOINT}/{'datasets/' if self.kind == 'dataset' else ''}{self.name}"


def refuse_branch(address: Address) -> None:
    """Raise ConfigError, saying where commits are listed, unless a revision is a full commit."""
    if not COMMIT.fullmatch(address.revision):
        raise ConfigError(
            f"the revision '{address.revision}' of {address} is no commit",
            expected="the 40 hexadecimal digits of one, since what a branch or a tag names may change",
            remedy=f"choose one of {address.page}/commits/main",
        )
