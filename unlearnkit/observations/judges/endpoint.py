"""Endpoint: a language model behind an OpenAI-compatible chat-completions endpoint, at temperature 0.

Replies are kept one by one, so a job that fails, as at the end of a quota, goes on where it ended and asks nothing
twice. The key is read from the environment when a job runs, and is in no file. A job needs a network connection to the
endpoint, on a cluster too. Settings beside `url`, `model` and `most_tokens` change no reply.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Literal

from pydantic import Field

from unlearnkit.artifacts.replies import key_of
from unlearnkit.config.settings import Settings as BaseSettings
from unlearnkit.errors import UnlearnkitError
from unlearnkit.observations.judges.asking import Asked, messages
from unlearnkit.observations.judges.chat import Chat, Conversation, patient
from unlearnkit.training.derived import Means

LANGUAGE_MODEL = True
HAS_BASE = False


class Settings(BaseSettings):
    """A language model that is asked over HTTP."""

    kind: Literal["endpoint"] = Field(description="registered judge")
    url: str = Field(
        pattern=r"^https?://[^\s/@?#]+(/[^\s@?#]*)?$",
        description="address of the endpoint up to /chat/completions, such as https://host/v1; without a key",
    )
    model: str = Field(min_length=1, description="name of the model at the endpoint")
    key_variable: str | None = Field(
        None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="variable of the environment with the key; null: no key"
    )
    most_tokens: int = Field(32, ge=1, description="tokens of the longest reply")
    seconds: float = Field(60.0, gt=0, description="seconds until a request is given up, and tried again")
    retries: int = Field(5, ge=0, le=20, description="further tries after a time-out, status 429 or 5xx")
    wait: float = Field(
        1.0, ge=0, le=60, description="seconds before the second try, doubled before each further one, 60 at most"
    )
    parallel: int = Field(4, ge=1, le=64, description="requests at a time")


def replies(
    asked: Sequence[Asked], settings: Settings, means: Means, sleep: Callable[[float], None] = time.sleep
) -> list[str]:
    """Return the replies; those in the journal are not asked for again, and a new one is kept as soon as it is there.

    Raises UnlearnkitError if the key is not in the environment or not printable, or the endpoint gives no reply.
    """
    judge = {"kind": "endpoint", **settings.model_dump(include={"url", "model", "most_tokens"}), "temperature": 0}
    means.facts.update(judge=judge)
    conversations = {key_of(judge, messages(one)): messages(one) for one in asked}
    missing = {key: conversation for key, conversation in conversations.items() if key not in means.replies}
    if missing:
        chat = Chat(settings.url, settings.model, settings.most_tokens, _key(settings.key_variable), settings.seconds)
        means.report(f"{len(missing):,} of {len(conversations):,} questions go to the judge")
        try:
            _ask(
                partial(patient, chat.reply, settings.retries, settings.wait, sleep), missing, settings.parallel, means
            )
        except UnlearnkitError as error:
            count = sum(key in means.replies for key in conversations)
            kept = f"{count:,} of {len(conversations):,} replies are kept in {means.replies.path}: the same snakemake "
            raise UnlearnkitError(
                error.fact, expected=error.expected, remedy=f"{error.remedy}. {kept}command asks for the others alone"
            ) from None
    return [means.replies[key_of(judge, messages(one))] for one in asked]


def _ask(
    reply: Callable[[Conversation], str], missing: Mapping[str, Conversation], parallel: int, means: Means
) -> None:
    """Ask several questions at a time and keep every reply; after an error no further question is asked."""
    writing, stopped = threading.Lock(), threading.Event()

    def answer(key: str) -> None:
        if stopped.is_set():
            return
        try:
            found = reply(missing[key])
        except BaseException:
            stopped.set()
            raise
        with writing:
            means.replies.keep(key, found)

    with ThreadPoolExecutor(parallel) as pool:
        for number, _ in enumerate(pool.map(answer, missing), 1):
            if number % 100 == 0:
                means.report(f"{number:,} of {len(missing):,} replies")


def _key(variable: str | None) -> str | None:
    if variable is None:
        return None
    if not (key := os.environ.get(variable, "").strip()):
        raise UnlearnkitError(
            f"the judge needs a key, but the variable {variable} of the environment is not set",
            expected="the key of the endpoint in it, where the jobs run",
            remedy=f"run `export {variable}=...`; if no key is needed, remove observations.judged.judge.key_variable",
        )
    # a header with such a key is an error whose message would show it
    if not (key.isascii() and key.isprintable()):
        raise UnlearnkitError(
            f"the key in the variable {variable} of the environment has characters that no key has, such as the end "
            "of a line",
            expected="printable ASCII characters alone",
            remedy=f"copy the key again, and run `export {variable}=...`",
        )
    return key
