"""Snakemake's log as a display: what `--logger unlearnkit` names, and what the workflow puts in place on a terminal.

Until it is given a forecast it writes Snakemake's own lines, and afterwards, too, where no display is possible.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from snakemake.logging import ColorizingTextHandler
from snakemake_interface_logger_plugins.base import LogHandlerBase
from snakemake_interface_logger_plugins.common import LogEvent

if TYPE_CHECKING:  # every call of Snakemake imports this module
    from unlearnkit.progress.forecast import Forecast

FORECAST = "unlearnkit_forecast"
"""The attribute of a log record by which the workflow hands over what the run will do."""

SHOWN_OTHERWISE = {
    *(LogEvent.JOB_STARTED, LogEvent.JOB_FINISHED, LogEvent.JOB_INFO, LogEvent.PROGRESS, LogEvent.SHELLCMD),
    *(LogEvent.RESOURCES_INFO, LogEvent.RUN_INFO),
}
"""Events whose lines the display replaces; Snakemake's log file has them all."""
UNINTERESTING = ("Select jobs to execute...", "Storing output in storage.")
_COMMAND_FAILED = "CalledProcessError in file "
"""What Snakemake says of a job's command line before it says which job failed."""


class LogHandler(LogHandlerBase):
    """Shows the progress of a run on a terminal, and Snakemake's own lines everywhere else."""

    def __post_init__(self) -> None:
        """Begin with Snakemake's own lines."""
        stream = sys.stdout if self.common_settings.stdout else sys.stderr
        self._lines = ColorizingTextHandler(nocolor=self.common_settings.nocolor, stream=stream)
        self._display: Any = None

    @property
    def writes_to_stream(self) -> bool:
        """Snakemake writes no lines of its own beside this handler."""
        return True

    @property
    def writes_to_file(self) -> bool:
        """Snakemake's log file is written by Snakemake."""
        return False

    @property
    def has_filter(self) -> bool:
        """Snakemake's own filter is used."""
        return False

    @property
    def has_formatter(self) -> bool:
        """Snakemake's own formatter is used."""
        return False

    @property
    def needs_rulegraph(self) -> bool:
        """The forecast has the jobs."""
        return False

    def setFormatter(self, fmt: logging.Formatter | None) -> None:  # noqa: N802
        """Use a formatter, for lines as well."""
        super().setFormatter(fmt)
        self._lines.setFormatter(fmt)

    def emit(self, record: logging.LogRecord) -> None:
        """Show a record; a display that fails is replaced by Snakemake's own lines, and no run ends for it."""
        forecast = getattr(record, FORECAST, None)
        try:
            if forecast is not None:
                return self._begin(forecast)
            if self._display is not None:
                return self._take(record)
        except Exception as error:
            self._end(_failed(error))
        # the record of a forecast has no text
        return None if forecast is not None else self._lines.emit(record)

    def close(self) -> None:
        """Take the display away."""
        self._end()
        super().close()

    def wants_forecast(self) -> bool:
        """Return whether a display is possible and nobody asked for other lines."""
        return displays(self.common_settings, self._lines.stream)

    def _begin(self, forecast: Forecast) -> None:
        # rich is loaded only where it is shown
        from unlearnkit.progress.display import Display
        from unlearnkit.progress.terminal import Terminal

        terminal = Terminal()
        try:
            self._display = Display(forecast, terminal, terminal.stream)
        except Exception:
            terminal.release()
            raise
        self._display.start()

    def _take(self, record: logging.LogRecord) -> None:
        event, said = getattr(record, "event", None), record.__dict__
        if event == LogEvent.JOB_INFO:
            self._display.note_begun(said["jobid"], said["rule_msg"] or said["rule_name"])
        elif event == LogEvent.JOB_FINISHED:
            self._display.note_finished(said["job_id"])
        elif event == LogEvent.JOB_ERROR:
            self._display.note_failed(said["jobid"])
        elif event not in SHOWN_OTHERWISE and _is_worth_showing(text := self.format(record)):
            self._display.say(text, "yellow" if record.levelno >= logging.WARNING else "")

    def _end(self, problem: str = "") -> None:
        display, self._display = self._display, None
        try:
            if display is not None:
                display.stop()
        except Exception as error:
            problem = problem or _failed(error)
        if problem:
            # the terminal may be gone
            with contextlib.suppress(OSError):
                print(problem, file=sys.stderr)


def _failed(error: Exception) -> str:
    return f"The display of progress failed ({type(error).__name__}: {error})."


def _is_worth_showing(text: str) -> bool:
    return bool(text) and text not in ("None", *UNINTERESTING) and _COMMAND_FAILED not in text


def displays(settings: Any, stream: Any) -> bool:
    """Return whether the lines of a run may give way to a display.

    They do on a terminal that can move its cursor, where no option asks for more lines, fewer or plain ones.
    """
    asked: Mapping[str, Any] = {
        name: getattr(settings, name, None) for name in ("nocolor", "quiet", "verbose", "debug_dag", "printshellcmds")
    }
    terminal = hasattr(stream, "isatty") and stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    return terminal and not getattr(settings, "dryrun", False) and not any(asked.values())
