"""Puts the display in place when a run starts, and hands it the forecast; without one, nothing changes."""

from __future__ import annotations

import importlib.util
import logging
from typing import Any

from unlearnkit.errors import UnlearnkitError

_LINES = "DefaultStreamHandler"
"""The name that Snakemake (9.27) gives to the handler of its own lines."""
_NEEDED = ("rich", "snakemake_interface_logger_plugins")


def show_progress(workflow: Any, logger: logging.Logger) -> None:
    """Have the run that `workflow` is about to start shown as a display, where there is a terminal for one.

    It takes the place of Snakemake's own lines, unless `--logger` names it already or another one that writes lines.
    Where nothing can be predicted, a warning says so and the lines stay.
    """
    manager = getattr(workflow, "logger_manager", None)
    handlers = [*logger.handlers, *getattr(manager, "plugin_handlers", ())]
    lines = next((handler for handler in handlers if handler.name == _LINES), None)
    if not all(map(importlib.util.find_spec, _NEEDED)):
        return
    from unlearnkit.progress.handler import FORECAST, LogHandler, displays

    handler = next((handler for handler in handlers if isinstance(handler, LogHandler)), None)
    replaces = lines is not None and displays(workflow.output_settings, getattr(lines, "stream", None))
    if not (handler.wants_forecast() if handler else replaces):
        return
    try:
        from unlearnkit.progress.forecast import forecast_of_run

        forecast = forecast_of_run(workflow)
    except Exception as error:
        # no run ends for want of a prediction
        said = error if isinstance(error, UnlearnkitError) else f"{type(error).__name__}: {error}"
        logger.warning(f"No time left is shown: {said}")
        return
    if lines and not handler:
        handler = LogHandler(workflow.output_settings, None)
        for each in lines.filters:
            handler.addFilter(each)
        handler.setFormatter(lines.formatter)
        logger.removeHandler(lines)
        logger.addHandler(handler)
    logger.info(None, extra={FORECAST: forecast})
