"""The progress of a run on a terminal: a few lines at its foot, above which errors and remarks scroll by."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from unlearnkit.planning.presentation import duration
from unlearnkit.progress.forecast import Forecast
from unlearnkit.progress.logs import is_report, read_log, seconds_of
from unlearnkit.progress.tally import Tally, TimeLeft
from unlearnkit.progress.terminal import Terminal
from unlearnkit.progress.view import counted, left, took

SECONDS_PER_FRAME = 0.25
SECONDS_PER_PREDICTION = 2.0
_OTHER_LINES = 4
"""Lines of a terminal that are no jobs: the counts, the bar, what is left out, and the cursor's."""


class Display:
    """Shows a run whose jobs are those of a forecast, from `start` to `stop`; `note_...` state what happens to them.

    `clock` gives seconds of the epoch, as file times are. Without a `terminal` the lines go to `stream`, and whatever
    jobs write is left alone.
    """

    def __init__(
        self, forecast: Forecast, terminal: Terminal | None, stream: TextIO, clock: Callable[[], float] = time.time
    ) -> None:
        self.tally, self._clock, self._begun = Tally(forecast), clock, clock()
        self._terminal, self._names = terminal, dict[int, str]()
        self._console = Console(file=stream, highlight=False)
        self._predicted, self._left, self._expected = 0.0, self.tally.time_left(self._begun), dict(forecast.seconds)
        self._first = self._left
        self._live = Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        # whatever is shown is shown by one thread at a time
        self._lock, self._over = threading.RLock(), threading.Event()
        self._frames = threading.Thread(target=self._refresh, name="progress", daemon=True)

    def start(self) -> None:
        """Show the first frame, and others as time passes."""
        self._live.start()
        self._frames.start()

    def stop(self) -> None:
        """Take the display away, show what is still unread and how the run ended, and give the terminal back.

        It is given back even where nothing can be shown any more; then the error of that is raised.
        """
        self._over.set()
        try:
            if self._frames.is_alive():
                self._frames.join()
            self._pass_on(last=True)
            self._live.stop()
            seconds = self._clock() - self._begun
            self.say(f"{counted(self.tally)}. {duration(seconds)}, predicted {duration(self._first.seconds)}.")
        finally:
            if self._terminal:
                self._terminal.release()

    def note_begun(self, number: int, name: str) -> None:
        """A job was started or submitted."""
        with self._lock:
            self._names[number] = name
            self.tally.begin(number, self._clock())

    def note_finished(self, number: int) -> None:
        """A job succeeded."""
        with self._lock:
            if (begun := self.tally.running.get(number)) is not None:
                seconds = seconds_of(self.tally.forecast.jobs[number].log)
                self.tally.finish(number, self._clock() - begun if seconds is None else seconds)
                self._predicted = 0.0

    def note_failed(self, number: int) -> None:
        """A job failed: show the paragraph of its error, and where its log is."""
        with self._lock:
            self._pass_on()
            self.tally.fail(number)
            job = self.tally.forecast.jobs.get(number)
            logged = read_log(job.log) if job else None
            error = logged.error if logged and logged.error else "Its log states no error; see the lines above."
            where = f"\nLog: {job.log}\n" if job else "\n"
            name = self._names.get(number, f"job {number}")
            self._console.print(Text.assemble((f"Failed: {name}\n", "bold red"), error, where), soft_wrap=True)

    def say(self, text: str, style: str = "") -> None:
        """Show a text above the display."""
        with self._lock:
            self._console.print(Text(text, style=style), soft_wrap=True)

    def view(self) -> Group:
        """Return the lines as they are now: counts, share and time left, the jobs that run."""
        now = self._clock()
        time_left, share = self._time_left(now), self.tally.share(now)
        summary = Table.grid(padding=(0, 2))
        summary.add_row(
            ProgressBar(total=1.0, completed=share, width=24),
            Text(f"{share:.0%} of the predicted time, {left(time_left)}", no_wrap=True, overflow="ellipsis"),
        )
        jobs = Table.grid(padding=(0, 2))
        jobs.add_column(no_wrap=True, overflow="ellipsis")
        jobs.add_column(no_wrap=True, justify="right")
        jobs.add_column(no_wrap=True, overflow="ellipsis", style="dim")
        most = max(1, self._console.height - _OTHER_LINES)
        numbers = sorted(self.tally.running, key=self.tally.running.__getitem__)
        for number in numbers[:most]:
            jobs.add_row(*map(Text, self._row(number, now)))
        more = [Text(f"and {len(numbers) - most} more")] if len(numbers) > most else []
        counts = Text(counted(self.tally), style="bold", no_wrap=True, overflow="ellipsis")
        return Group(counts, summary, jobs, *more)

    def _refresh(self) -> None:
        while not self._over.wait(SECONDS_PER_FRAME):
            with self._lock:
                self._pass_on()
                self._live.update(self.view(), refresh=True)

    def _row(self, number: int, now: float) -> tuple[str, str, str]:
        job, begun = self.tally.forecast.jobs[number], self.tally.running[number]
        logged = read_log(job.log)
        if logged is None or logged.written < begun - 1.0:
            return self._names[number], "", "starts" if job.local else "waits for a machine"
        if not job.local:  # it was submitted before it began
            begun = max(begun, logged.begun)
            self.tally.begin(number, begun)
        return self._names[number], took(now - begun, self._expected[number]), logged.line

    def _time_left(self, now: float) -> TimeLeft:
        """Return the time left, predicted afresh every few seconds and counted down in between."""
        if now - self._predicted >= SECONDS_PER_PREDICTION:
            self._predicted, self._left, self._expected = now, self.tally.time_left(now), self.tally.expected()
        passed = now - self._predicted
        return TimeLeft(*(max(0.0, bound - passed) for bound in (self._left.seconds, self._left.low, self._left.high)))

    def _pass_on(self, *, last: bool = False) -> None:
        """Show what jobs wrote that is in none of their logs."""
        for line in self._terminal.written(last=last) if self._terminal else ():
            if not is_report(line):
                self.say(line)
