"""Requests to an OpenAI-compatible chat-completions endpoint, and patience with one that is busy."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.client import HTTPException
from typing import Any

from unlearnkit.errors import UnlearnkitError
from unlearnkit.observations.judges.asking import Message

Conversation = Sequence[Message]
LONGEST_WAIT = 60.0
"""Seconds that are waited at most before a request is tried again."""
_LARGEST = 1_000_000
"""Bytes of an answer that are read at most."""
_QUOTA = "insufficient_quota"
"""What endpoints call a quota that is used up; asking again would not help."""


class BusyError(Exception):
    """An endpoint that may reply later: a time-out, no connection, or status 429 or 5xx; `seconds` if it says when."""

    def __init__(self, reason: str, seconds: float | None = None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A redirection is an error: it would carry the key to another address."""

    def redirect_request(self, req: Any, fp: Any, code: Any, msg: Any, headers: Any, newurl: Any) -> None:
        return None


@dataclass(frozen=True)
class Chat:
    """An endpoint at `url`, and the model that is asked there; `key` is sent with every request, and shown nowhere."""

    url: str
    model: str
    most_tokens: int
    key: str | None = field(repr=False)
    seconds: float

    def reply(self, conversation: Conversation) -> str:
        """Return the reply at temperature 0, "" if it has no content.

        Raises BusyError if it makes sense to ask again, and UnlearnkitError if it does not.
        """
        body = {
            "model": self.model,
            "messages": list(conversation),
            "temperature": 0,
            "max_tokens": self.most_tokens,
        }
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {self.key}"} if self.key else {})
        request = urllib.request.Request(f"{self._address}", json.dumps(body).encode(), headers)
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=self.seconds) as answer:
                content = answer.read(_LARGEST)
        except urllib.error.HTTPError as error:
            raise self._refused(error) from None
        except (OSError, HTTPException) as error:
            raise BusyError(self._safe(str(getattr(error, "reason", error)) or type(error).__name__)) from None
        return self._content(content)

    @property
    def _address(self) -> str:
        return f"{self.url.rstrip('/')}/chat/completions"

    def _content(self, answer: bytes) -> str:
        try:
            content = json.loads(answer)["choices"][0]["message"]["content"]
            if not isinstance(content, str | None):
                raise TypeError
        except (ValueError, KeyError, IndexError, TypeError, RecursionError):
            raise UnlearnkitError(
                f"the judge at {self._address} answers with {self._safe(answer.decode(errors='replace'))!r}",
                expected='a chat completion, {"choices": [{"message": {"content": "..."}}]}',
                remedy="correct observations.judged.judge.url",
            ) from None
        # half of a surrogate pair, as of an emoji that was cut off, is no text that a file can hold
        return (content or "").encode(errors="replace").decode()

    def _refused(self, error: urllib.error.HTTPError) -> Exception:
        status, told = error.code, _told(error)
        what = f"the judge at {self._address} answers with status {status}{': ' * bool(told)}{self._safe(told)}"
        if status == 429 and _QUOTA in told:
            return UnlearnkitError(
                what, expected="a quota that is not used up", remedy="raise it, or wait for the next"
            )
        if status == 429 or status >= 500:
            return BusyError(f"status {status}{': ' * bool(told)}{self._safe(told)}", _seconds(error))
        if status in (401, 403):
            return UnlearnkitError(
                what,
                expected="a key that it accepts",
                remedy="correct the key in the variable that observations.judged.judge.key_variable names",
            )
        return UnlearnkitError(
            what, expected="a chat completion", remedy="correct url and model of observations.judged.judge"
        )

    def _safe(self, text: str) -> str:
        """Return the beginning of what an endpoint says, on one line and without the key, which some repeat."""
        return " ".join((text.replace(self.key, "[key]") if self.key else text).split())[:200]


def patient(
    reply: Callable[[Conversation], str],
    retries: int,
    wait: float,
    sleep: Callable[[float], None],
    conversation: Conversation,
) -> str:
    """Return the reply of an endpoint that may be busy: after the first try it is asked `retries` times more.

    Before these, `wait` seconds pass, doubled each time, or what the endpoint asks for; LONGEST_WAIT at most. Raises
    UnlearnkitError if it is still busy then, and what `reply` raises.
    """
    reason, asked = "", None
    for number in range(retries + 1):
        try:
            return reply(conversation)
        except BusyError as busy:
            reason, asked = str(busy), busy.seconds
        if number < retries:
            sleep(min(wait * 2**number if asked is None else asked, LONGEST_WAIT))
    raise UnlearnkitError(
        f"the judge gave no reply in {retries + 1} tries ({reason})",
        expected="an endpoint that can be reached from where the jobs run, and replies in time",
        remedy="look at the endpoint, or raise seconds or retries of observations.judged.judge",
    )


def _told(error: urllib.error.HTTPError) -> str:
    """Return what an endpoint says about an error: code and message in the usual form, or the text."""
    try:
        text = error.read(_LARGEST).decode(errors="replace")
    except (OSError, HTTPException):
        return ""
    try:
        stated = json.loads(text)["error"]
        return " ".join(str(stated[name]) for name in ("code", "message") if stated.get(name))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return text


def _seconds(error: urllib.error.HTTPError) -> float | None:
    value = str(error.headers.get("Retry-After", ""))
    return float(value) if value.isdecimal() and value.isascii() else None
