"""
An ``Interop`` that was made and given to no app.

Such an ``Interop`` has no effect: its ``user`` is not asked who is logged in, and what it declares
is not offered. So the process that serves says so in its log, and the pages of an app without an
``Interop`` cannot log in.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Callable
from weakref import WeakSet, ref

from dash import Dash, hooks

from ..errors import ConfigError
from .interop import Interop, application_name, known_settings, plugged_settings
from .server_start import when_serving

__all__ = ["check_plugged"]

logger = logging.getLogger(__name__)

_warned: WeakSet[Dash] = WeakSet()


def check_plugged(app: Dash) -> None:
    """
    Called before a page logs in. Warns once of an app that has no ``Interop`` although another app
    of this process has one that tells its users apart.

    Raises:
        ConfigError: The app has no ``Interop``, and there is an ``Interop`` with users or methods
            that has no app.
    """
    plugged = plugged_settings()
    if app in plugged:
        return
    problems = _forgotten()
    if problems:
        raise ConfigError(problems[0])
    if app not in _warned and any(settings.tells_users_apart for settings in plugged.values()):
        _warned.add(app)
        logger.warning(
            "Another app of this process tells its users apart, and %s does not: all who open its "
            "pages are the one user 'local'. Dash(plugins=[Interop()]) says that this is meant",
            application_name(app),
        )


@hooks.setup()
def _watch(app: Dash) -> None:
    when_serving(app, _telling_once(ref(app)))


def _telling_once(reference: ref[Dash]) -> Callable[[], None]:
    is_told = False

    def tell() -> None:
        nonlocal is_told
        app = reference()
        if is_told or app is None:
            return
        is_told = True
        if any(map(_problem, known_settings())):
            _let_go()
        for problem in _forgotten():
            logger.error("%s", problem)

    return tell


def _forgotten() -> list[str]:
    """What is wrong with each ``Interop`` that no living app has, a sentence for each."""
    if not any(map(_problem, _without_app())):
        return []
    _let_go()
    return [problem for problem in map(_problem, _without_app()) if problem]


def _let_go() -> None:
    """
    Collect the apps that nobody uses any more, such as one that was made anew under its name.
    Twice, as the settings of an app can be collected only after the app.
    """
    gc.collect()
    gc.collect()


def _without_app() -> list[Interop]:
    plugged = list(plugged_settings().values())
    return [settings for settings in known_settings() if settings not in plugged]


def _problem(settings: Interop) -> str | None:
    if settings.tells_users_apart:
        return (
            "An Interop(user=...) was given to no app, so nobody is asked who is logged in: make "
            "the app with Dash(plugins=[interop])"
        )
    names = settings.waiting_to_be_offered
    if names:
        return (
            f"The Interop that declares {', '.join(names)} was given to no app, so nobody offers "
            "it: make the app with Dash(plugins=[interop]), or call interop.start()"
        )
    return None
