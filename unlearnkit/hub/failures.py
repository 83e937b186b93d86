"""What the client raises, as one paragraph: the fact, and what to do about it."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from dataclasses import dataclass

from unlearnkit.errors import HubError, UnlearnkitError
from unlearnkit.hub.addresses import WORDS, Address
from unlearnkit.hub.retries import IncompleteError, asked_for, of_transport, status_of, words_of

_FULL = (errno.ENOSPC, errno.EDQUOT)
LATER = "give the same command again later: what was fetched is kept"
LOGIN = "run `hf auth login`, or set HF_TOKEN"


@contextlib.contextmanager
def explained(address: Address, path: str | None = None, *, writing: bool = False) -> Iterator[None]:
    """Raise what the client raises in the block as HubError; `path` is the file in question."""
    from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError

    about = _About(address, path, "write" if writing else "read")
    try:
        yield
    except UnlearnkitError:
        raise
    except HfHubHTTPError as error:
        raise _refusal(error, about) from None
    except (EntryNotFoundError, OSError, ValueError, RuntimeError) as error:
        if isinstance(error.__cause__, HfHubHTTPError):  # the client raises what happened within what it was doing
            raise _refusal(error.__cause__, about) from None
        raise _trouble(error, about) from None
    except Exception as error:
        if not of_transport(error):
            raise
        raise _unreachable(error, about) from None


def offline(address: Address, path: str | None) -> HubError:
    """Return the error of something that is not in the cache while the network may not be used."""
    what = f"the file {path} of {address.version}" if path else f"the list of files of {address.version}"
    return HubError(
        f"{what} is not in the cache {_cache()}, and HF_HUB_OFFLINE is set",
        remedy="run once where there is a network, with the same HF_HOME, or copy that folder; or unset HF_HUB_OFFLINE",
    )


def other_commit(address: Address, commit: str) -> HubError:
    """Return the error of a hub that answers with another commit than it was asked for."""
    from huggingface_hub import constants

    return HubError(
        f"asked for commit {address.revision} of {address}, {constants.ENDPOINT} answers with {commit}",
        expected="a hub that keeps commits",
        remedy="correct the revision, or HF_ENDPOINT if it names a mirror",
    )


@dataclass(frozen=True)
class _About:
    """What was asked of the hub: something of a repository, perhaps one file, to "read" or to "write"."""

    address: Address
    path: str | None
    action: str

    def __str__(self) -> str:
        return self.path or str(self.address)


def _refusal(error: Exception, about: _About) -> HubError:
    """Return what an answer of the hub means that is an error."""
    from huggingface_hub.errors import (
        EntryNotFoundError,
        GatedRepoError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    address = about.address
    if isinstance(error, GatedRepoError):
        return _gated(address)
    if isinstance(error, RepositoryNotFoundError):
        return _absent(address)
    if isinstance(error, RevisionNotFoundError):
        remedy = f"choose one of {address.page}/commits/main"
        return HubError(f"{address} has no commit {address.revision}", remedy=remedy)
    if isinstance(error, EntryNotFoundError):
        return HubError(f"{address.version} has no file {about.path}", remedy=f"look at {address.page}")
    return _by_status(error, about)


def _by_status(error: Exception, about: _About) -> HubError:
    status = status_of(error)
    if status in (401, 403):
        return _forbidden(error, about)
    if status == 429:
        return _limited(error, about)
    if status >= 500:
        return HubError(f"the hub is busy or down: it answered {status} for {about} at each try", remedy=LATER)
    return HubError(f"the hub refuses {about}: {words_of(error)}", remedy=f"look at {about.address.page}")


def _gated(address: Address) -> HubError:
    return HubError(
        f"{address} may be read only by those who were granted access",
        expected="a token of an account that has access",
        remedy=f"ask for access on {address.page}, make a token there, and {LOGIN}",
    )


def _absent(address: Address) -> HubError:
    from huggingface_hub import get_token

    token = "the token may not read it" if get_token() else "no token was given"
    return HubError(
        f"there is no {WORDS[address.kind]} {address.name} at {address.page}, or it is private and {token}",
        remedy=f"correct its name; if it is private, {LOGIN}",
    )


def _forbidden(error: Exception, about: _About) -> HubError:
    from huggingface_hub import get_token

    if status_of(error) == 403:
        fact = f"the token may not {about.action} {about.address} (403: {words_of(error)})"
        remedy = f"make one of that kind in the settings of the account, and {LOGIN}"
    else:
        does = "does not accept the token for" if get_token() else "asks for a token for"
        fact, remedy = f"the hub {does} {about.address} (401)", LOGIN
    return HubError(fact, expected=f"a token that may {about.action}", remedy=remedy)


def _limited(error: Exception, about: _About) -> HubError:
    from huggingface_hub import get_token

    asked = asked_for(error)
    return HubError(
        f"the hub limits how often it is asked, and did so until the last try for {about} (429)",
        remedy=f"wait {f'{asked:.0f} s' if asked else 'some minutes'}, and {LATER.replace(' later', '')}"
        + ("" if get_token() else "; with a token the limit is higher"),
    )


def _trouble(error: Exception, about: _About) -> HubError:
    """Return what an error of the disk or of the client's own means."""
    from huggingface_hub.errors import OfflineModeIsEnabled

    number = getattr(error, "errno", None)
    if isinstance(error, OfflineModeIsEnabled):
        return offline(about.address, about.path)
    if isinstance(error, IncompleteError):
        return HubError(
            f"{about.path} of {about.address.version} came incomplete at each try ({words_of(error)})", remedy=LATER
        )
    if number in _FULL:
        return HubError(
            f"no space is left for {about} in {_cache()}",
            remedy="free some, or set HF_HOME to a folder with more; what was fetched is kept",
        )
    if number is None or isinstance(error, ConnectionError | TimeoutError):
        return _unreachable(error, about)
    return HubError(
        f"cannot write {about} into the cache {_cache()}: {words_of(error)}",
        expected="a folder that can be written, unless it holds all that is needed",
        remedy="set HF_HOME to such a folder",
    )


def _unreachable(error: Exception, about: _About) -> HubError:
    from huggingface_hub import constants

    return HubError(
        f"{about} cannot be {'fetched' if about.action == 'read' else 'written'}: no answer from "
        f"{constants.ENDPOINT} ({words_of(error)})",
        expected="a connection, or the file in the cache" if about.action == "read" else "a connection",
        remedy=f"check the network and HF_ENDPOINT, and {LATER}",
    )


def _cache() -> str:
    from huggingface_hub import constants

    return str(constants.HF_HUB_CACHE)
