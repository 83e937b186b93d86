"""What the client raises, as one paragraph; and what passes by itself if one waits."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from unlearnkit.errors import HubError, UnlearnkitError
from unlearnkit.hub.addresses import WORDS, Address

Report = Callable[[str], None]
Value = TypeVar("Value")

PASSING = (408, 429, 500, 502, 503, 504)
"""States of HTTP that may be over in a moment."""
PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds between tries, unless the hub asks for more."""
LONGEST = 600.0
"""Longest pause that the hub may ask for, seconds: its limits are counted over five minutes."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
KEPT = "give the same command again later: what was fetched is kept"


class IncompleteError(RuntimeError):
    """A body ended before the listed size of the file."""


@contextlib.contextmanager
def explained(address: Address, path: str | None = None, *, writing: bool = False) -> Iterator[None]:
    """Raise what the client raises in the block as HubError; `path` is the file in question."""
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

    try:
        yield
    except UnlearnkitError:
        raise
    except HfHubHTTPError as error:
        raise _refusal(error, address, path, writing) from None
    except (EntryNotFoundError, OSError, ValueError, RuntimeError) as error:
        if isinstance(error.__cause__, HfHubHTTPError):  # the client raises what happened within what it was doing
            raise _refusal(error.__cause__, address, path, writing) from None
        raise _trouble(error, address, path) from None
    except Exception as error:
        if not _of_transport(error):
            raise
        raise _unreachable(error, address, path) from None


def persistently(
    action: Callable[[], Value],
    report: Report,
    wait: Callable[[float], object] = time.sleep,
    gained: Callable[[], int] = int,
) -> Value:
    """Return what `action` returns, trying again after a pause while what it raises may pass.

    There is a try after each of `PAUSES`, and all of them again whenever `gained`, the bytes that are there, has grown.
    Raises what the last try raises. `report` is given a line before each pause.
    """
    tries, had = 0, gained()
    while True:
        try:
            return action()
        except Exception as error:
            if gained() > had:
                tries, had = 0, gained()
            asked = _asked_for(error)
            if not _passes(error) or tries == len(PAUSES) or asked > LONGEST:
                raise
            pause = max(PAUSES[tries], asked)
            report(f"{_short(error)}: trying again in {pause:g} s")
            wait(pause)
            tries += 1


def _passes(error: Exception) -> bool:
    response = getattr(error, "response", None)
    if response is not None:
        return response.status_code in PASSING
    return _of_transport(error) or isinstance(error, IncompleteError)


def _asked_for(error: Exception) -> float:
    """Return the seconds that the hub asks to wait, 0 if it does not: `Retry-After`, or `RateLimit` as in r=0;t=55."""
    headers = getattr(getattr(error, "response", None), "headers", {})
    parts = str(headers.get("ratelimit", "")).split(";")
    stated = [part.strip()[2:] for part in parts if part.strip().startswith("t=")] if "r=0" in parts else []
    texts = [headers.get("retry-after", ""), *stated]
    return max((float(text) for text in texts if str(text).isdigit()), default=0.0)


def _of_transport(error: Exception) -> bool:
    """Return whether the library below the client raised an error; it goes by other names in other versions."""
    return any(kind.__module__.startswith(("httpx", "httpcore")) for kind in type(error).__mro__)


def _short(error: Exception) -> str:
    response = getattr(error, "response", None)
    if response is not None:
        return f"the hub answers with {response.status_code}"
    return "the file came incomplete" if isinstance(error, IncompleteError) else f"no connection ({_words(error)})"


def _words(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def _refusal(error: Exception, address: Address, path: str | None, writing: bool) -> HubError:
    """Return what an answer of the hub means that is an error."""
    from huggingface_hub import get_token
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    login = "run `hf auth login`, or set HF_TOKEN"
    may = "write" if writing else "read"
    status = getattr(getattr(error, "response", None), "status_code", 0)
    if isinstance(error, GatedRepoError):
        return HubError(
            f"{address} may be read only by those who were granted access",
            expected="a token of an account that has access",
            remedy=f"ask for access on {address.page}, make a token there, and {login}",
        )
    if isinstance(error, RepositoryNotFoundError):
        token = "the token may not read it" if get_token() else "no token was given"
        return HubError(
            f"there is no {WORDS[address.kind]} {address.name} at {address.page}, or it is private and {token}",
            remedy=f"correct its name; if it is private, {login}",
        )
    if isinstance(error, RevisionNotFoundError):
        return HubError(
            f"{address} has no commit {address.revision}", remedy=f"choose one of {address.page}/commits/main"
        )
    if isinstance(error, EntryNotFoundError):
        return HubError(f"{address.version[:200]} has no file {path}", remedy=f"look at {address.page}")
    if status == 401:
        return HubError(
            f"the hub does not accept the token for {address} (401)" if get_token() else f"{address} asks for a token",
            expected=f"a token that may {may}",
            remedy=login,
        )
    if status == 403:
        return HubError(
            f"the token may not {may} {address} (403: {_words(error)})",
            expected=f"a token that may {may}",
            remedy="make one of that kind in the settings of the account, and " + login,
        )
    if status == 429:
        asked = _asked_for(error)
        return HubError(
            f"the hub limits how often it is asked, and did so until the last try for {path or address} (429)",
            remedy=(f"wait {asked:.0f} s, and " if asked else "wait some minutes, and ")
            + KEPT.replace(" later", "")
            + ("" if get_token() else "; with a token the limit is higher"),
        )
    if status >= 500:
        return HubError(f"the hub is busy or down: it answered {status} for {path or address} at each try", remedy=KEPT)
    return HubError(f"the hub refuses {path or address}: {_words(error)}", remedy=f"look at {address.page}")


def _trouble(error: Exception, address: Address, path: str | None) -> HubError:
    """Return what an error of the disk or of the client's own means."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    if isinstance(error, OfflineModeIsEnabled):
        return offline(address, path)
    number = getattr(error, "errno", None)
    if number in _FULL:
        return HubError(
            f"no space is left for {path or address} in {_cache()}",
            remedy="free some, or set HF_HOME to a folder with more; what was fetched is kept",
        )
    if isinstance(error, IncompleteError):
        return HubError(f"{path} of {address.version} came incomplete at each try ({_words(error)})", remedy=KEPT)
    if number is not None and isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
        return HubError(
            f"cannot write {path or address} into the cache {_cache()}: {error.strerror} ({error.filename})",
            expected="a folder that can be written, unless it holds all that is needed",
            remedy="set HF_HOME to such a folder",
        )
    return _unreachable(error, address, path)


def _unreachable(error: Exception, address: Address, path: str | None) -> HubError:
    from huggingface_hub import constants

    return HubError(
        f"{path or address} cannot be fetched: no answer from {constants.ENDPOINT} ({_words(error)})",
        expected="a connection, or the file in the cache",
        remedy=f"check the network and HF_ENDPOINT, and {KEPT}",
    )


def offline(address: Address, path: str | None) -> HubError:
    """Return the error of something that is not in the cache while the network may not be used."""
    what = f"the file {path} of {address.version}" if path else f"the list of files of {address.version}"
    return HubError(
        f"{what} is not in the cache {_cache()}, and HF_HUB_OFFLINE is set",
        remedy="run once where there is a network, with the same HF_HOME, or copy that folder; or unset HF_HUB_OFFLINE",
    )


def _cache() -> str:
    from huggingface_hub import constants

    return str(constants.HF_HUB_CACHE)
