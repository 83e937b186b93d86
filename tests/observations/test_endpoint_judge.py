"""A judge behind an endpoint, asked over loopback: what is sent, patience, what ends a job, and what is asked again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock, Thread
from typing import Any

import pytest
import torch
from pydantic import ValidationError

from unlearnkit.artifacts.replies import Replies
from unlearnkit.errors import UnlearnkitError
from unlearnkit.observations import judged
from unlearnkit.observations.judges import endpoint
from unlearnkit.observations.judges.asking import Asked
from unlearnkit.observations.judges.grammar import verdict_of
from unlearnkit.training.derived import Means

KEY = "sk-very-secret"
ASKED = [Asked(f"question {number}?", "truth", ("one", "two")) for number in range(6)]
Answer = tuple[int, Any, dict[str, str]]


def completion(content: Any = "VERDICT: 1") -> Answer:
    return 200, {"choices": [{"message": {"role": "assistant", "content": content}}]}, {}


def refused(status: int, message: str = "", code: str = "", **headers: str) -> Answer:
    return status, {"error": {"message": message, "code": code}}, headers


class Server:
    """A server that answers the n-th request by a function of n, and notes what it received."""

    def __init__(self, url: str, received: list[dict[str, Any]]) -> None:
        self.url, self.received = url, received


@contextmanager
def serving(answer: Callable[[int], Answer | bytes]) -> Iterator[Server]:
    received: list[dict[str, Any]] = []
    lock = Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                received.append({"path": self.path, "key": self.headers.get("Authorization"), **body})
                number = len(received)
            found = answer(number)
            status, content, headers = (200, found, {}) if isinstance(found, bytes) else found
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            with suppress(BrokenPipeError):  # a client that was interrupted reads no answer
                self.wfile.write(content if isinstance(content, bytes) else json.dumps(content).encode())

        def log_message(self, format: str, *arguments: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{server.server_port}/v1", received)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list[str], list[float]]]:
    """A function that asks a server everything, and returns the replies and the seconds that were waited."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setenv("JUDGE_KEY", KEY)

    def ask(url: str, **settings: Any) -> tuple[list[str], list[float]]:
        given = {"kind": "endpoint", "url": url, "model": "big", "key_variable": "JUDGE_KEY", "parallel": 1, **settings}
        means = Means(torch.device("cpu"), Replies(tmp_path / "out"), lambda _: None)
        waited: list[float] = []
        found = endpoint.replies(ASKED, endpoint.Settings.model_validate(given), means, waited.append)
        assert means.facts["judge"] == {
            "kind": "endpoint", "url": url, "model": "big", "most_tokens": 32, "temperature": 0
        }  # fmt: skip
        return found, waited

    return ask


def kept(tmp_path: Path) -> list[str]:
    path = tmp_path / "out.replies"
    return path.read_text().splitlines() if path.exists() else []


@pytest.mark.parametrize("parallel", [1, 4])
def test_every_question_is_asked_once_at_temperature_0_with_the_key(
    parallel: int, asks: Callable[..., Any], tmp_path: Path
) -> None:
    with serving(lambda _: completion()) as server:
        found, waited = asks(server.url, parallel=parallel)
        assert found == ["VERDICT: 1"] * 6 and waited == []
        assert asks(server.url, parallel=parallel)[0] == found
    assert len(server.received) == 6 and len({json.dumps(own["messages"]) for own in server.received}) == 6
    one = server.received[0]
    assert one["path"] == "/v1/chat/completions" and one["key"] == f"Bearer {KEY}"
    assert (one["model"], one["temperature"], one["max_tokens"]) == ("big", 0, 32)
    assert len(kept(tmp_path)) == 6 and KEY not in "".join(kept(tmp_path))


def test_a_busy_endpoint_is_asked_again_and_waited_for(asks: Callable[..., Any]) -> None:
    busy = {
        1: refused(429),
        2: refused(503, "overloaded"),
        3: refused(429, Retry_After="7"),
        4: refused(429, Retry_After="999"),
    }
    with serving(lambda number: busy.get(number, completion())) as server:
        found, waited = asks(server.url, wait=0.5)
    assert found == ["VERDICT: 1"] * 6 and len(server.received) == 10
    assert waited == [0.5, 1.0, 7.0, 60.0]


def test_a_quota_that_ends_in_the_middle_loses_nothing_and_nothing_is_asked_twice(
    asks: Callable[..., Any], tmp_path: Path
) -> None:
    ended = refused(429, "You exceeded your quota", "insufficient_quota")
    with serving(lambda number: ended if number == 4 else completion()) as server:
        with pytest.raises(UnlearnkitError) as error:
            asks(server.url)
        assert len(server.received) == 4 and len(kept(tmp_path)) == 3
        assert str(error.value) == (
            f"the judge at {server.url}/chat/completions answers with status 429: insufficient_quota You exceeded your "
            "quota; expected a quota that is not used up. Raise it, or wait for the next. 3 of 6 replies are kept in "
            f"{tmp_path / 'out.replies'}: the same snakemake command asks for the others alone."
        )
        assert asks(server.url)[0] == ["VERDICT: 1"] * 6
    assert len(server.received) == 7
    questions = [own["messages"][0]["content"][-70:] for own in server.received]
    assert len({*questions}) == 6 and questions[3] == questions[4]  # the one that was refused


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            refused(401, f"Incorrect API key provided: {KEY}"),
            r"status 401: Incorrect API key provided: \[key\]; expected a key",
        ),
        (refused(404, "no such model"), "status 404: no such model; expected a chat completion. Correct url and model"),
        ((302, b"", {"Location": "http://127.0.0.1:9/"}), "answers with status 302; expected a chat completion"),
        (b"<html>Welcome</html>", "answers with '<html>Welcome</html>'; expected a chat completion"),
        (b'{"choices": []}', "answers with .*; expected a chat completion"),
        ((200, {"choices": [{"message": {"content": 9}}]}, {}), "expected a chat completion"),
    ],
)
def test_an_endpoint_that_is_no_use_ends_the_job_at_once(
    answer: Answer | bytes, message: str, asks: Callable[..., Any]
) -> None:
    with serving(lambda _: answer) as server, pytest.raises(UnlearnkitError, match=message) as error:
        asks(server.url)
    assert len(server.received) == 1 and KEY not in str(error.value)


def test_one_that_is_never_there_or_too_slow_is_given_up(asks: Callable[..., Any]) -> None:
    def slow(_: int) -> Answer:
        time.sleep(0.3)
        return completion()

    with serving(slow) as server, pytest.raises(UnlearnkitError, match=r"no reply in 2 tries \(timed out\)"):
        asks(server.url, seconds=0.05, retries=1)
    with pytest.raises(UnlearnkitError, match=r"no reply in 3 tries \(.*refused\); .*0 of 6 replies are kept"):
        asks(server.url, retries=2)


def test_a_key_that_is_missing_is_named_before_anything_is_sent(
    asks: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUDGE_KEY")
    with serving(lambda _: completion()) as server:
        with pytest.raises(UnlearnkitError, match="the variable JUDGE_KEY of the environment is not set"):
            asks(server.url)
        assert server.received == []
        asks(server.url, key_variable=None)
    assert {own["key"] for own in server.received} == {None}


@pytest.mark.parametrize("key", [f"{KEY}\nexport X=1", f"{KEY}\t1", f"\u2019{KEY}"])
def test_a_key_that_no_header_takes_is_refused_and_not_shown(
    key: str, asks: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUDGE_KEY", key)
    with pytest.raises(UnlearnkitError, match=r"the variable JUDGE_KEY of .*printable ASCII") as error:
        asks("http://127.0.0.1:9/v1")
    assert KEY not in str(error.getrepr()) and "\n" not in str(error.value)
    monkeypatch.setenv("JUDGE_KEY", f"  {KEY}\r\n")
    with serving(lambda _: completion()) as server:
        asks(server.url)
    assert {own["key"] for own in server.received} == {f"Bearer {KEY}"}


def test_half_a_surrogate_pair_in_a_reply_is_replaced(asks: Callable[..., Any], tmp_path: Path) -> None:
    broken = b'{"choices": [{"message": {"content": "VERDICT: 1 \\ud83d"}}]}'
    with serving(lambda _: broken) as server:
        assert asks(server.url)[0] == ["VERDICT: 1 ?"] * 6 and len(kept(tmp_path)) == 6


def test_what_a_judge_says_is_kept_as_it_is_and_nonsense_is_unread(asks: Callable[..., Any]) -> None:
    with serving(lambda number: completion([None, "85", "five reasons ... 9", "", "VERDICT: 2"][number % 5])) as server:
        found, _ = asks(server.url)
    assert found == ["85", "five reasons ... 9", "", "VERDICT: 2", "", "85"]
    assert [verdict_of(reply) for reply in found] == [None, None, None, 2, None, None]


@pytest.mark.parametrize("url", ["file:///etc/passwd", "https://user:pass@host/v1", "host/v1", "https://host/v1?key=1"])
def test_addresses_with_keys_or_of_other_kinds_are_refused(url: str) -> None:
    with pytest.raises(ValidationError):
        endpoint.Settings.model_validate({"kind": "endpoint", "url": url, "model": "big"})


def test_what_changes_no_reply_is_in_no_slice() -> None:
    stated = {
        "kind": "endpoint",
        "url": "https://host/v1",
        "model": "big",
        "key_variable": "K",
        "seconds": 3,
        "parallel": 2,
    }
    settings = judged.Settings.model_validate({"judge": stated})
    left = settings.model_dump(mode="json", exclude=judged.IMMATERIAL)["judge"]
    assert left == {"kind": "endpoint", "url": "https://host/v1", "model": "big", "most_tokens": 32}
