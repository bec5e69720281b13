"""What the consoles of pages say, also where the driver of the browser does not tell."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from dash import hooks
from selenium.webdriver.remote.webdriver import WebDriver

__all__ = ["Entry", "record_consoles", "take_recorded"]


class Entry(TypedDict):
    level: str
    """``SEVERE``, ``WARNING``, or one that matters less."""
    message: str
    """Where it was said, and what."""


# In the session storage, which a window keeps when it loads another page of the same app.
_RECORDER = """
    (() => {
        // Chromium tells its driver, and says where: a recorder would hide that place.
        if (navigator.userAgent.includes("Chrome/")) return;
        window.consoleIsRecorded = true;
        // Firefox ends the requests of a page that goes, which then complains to nobody.
        let leaving = false;
        addEventListener("beforeunload", () => { leaving = true; });
        addEventListener("pageshow", () => { leaving = false; });
        const record = (level, place, values) => {
            if (leaving) return;
            const message = [place, ...values.map(show)].join(" ");
            const entries = JSON.parse(sessionStorage.getItem("console") ?? "[]");
            sessionStorage.setItem("console", JSON.stringify([...entries, {level, message}]));
        };
        const show = (value) => {
            if (typeof value === "string" || value instanceof Error) return String(value);
            try { return JSON.stringify(value); } catch { return String(value); }
        };
        const placeOfFrame = (stack, frame) =>
            /https?:.*/.exec(stack?.split("\\n")[frame])?.[0] ?? "";
        const levels = {error: "SEVERE", warn: "WARNING", info: "INFO", log: "INFO"};
        for (const [name, level] of Object.entries(levels)) {
            const say = console[name];
            console[name] = (...values) => {
                record(level, placeOfFrame(new Error().stack, 1), values);
                say.apply(console, values);
            };
        }
        addEventListener("error", (event) => {
            if (event instanceof ErrorEvent) {
                const place = `${event.filename}:${event.lineno}:${event.colno}`;
                record("SEVERE", place, ["Uncaught", event.error ?? event.message]);
            } else {
                record("SEVERE", event.target.src ?? event.target.href, ["did not load"]);
            }
        }, true);
        addEventListener("unhandledrejection", ({reason}) => {
            record("SEVERE", placeOfFrame(reason?.stack, 0), ["Uncaught (in promise)", reason]);
        });
        addEventListener("securitypolicyviolation", (event) => {
            const blocked = `${event.effectiveDirective} blocks ${event.blockedURI}`;
            record("SEVERE", event.sourceFile, [`Content Security Policy: ${blocked}`]);
        });
    })();
"""

_TAKE = """
    if (window.dash_clientside && !window.consoleIsRecorded) {
        return [{level: "SEVERE", message: `${location.href} does not record its console`}];
    }
    try {
        const entries = sessionStorage.getItem("console");
        sessionStorage.removeItem("console");
        return JSON.parse(entries ?? "[]");
    } catch {
        // A blank page, or one that did not load, has no storage.
        return [];
    }
"""


def record_consoles() -> None:
    """Let the pages of all Dash apps of this process keep what their consoles say."""

    @hooks.index()
    def record(index: str) -> str:
        return index.replace("<head>", f"<head><script>{_RECORDER}</script>", 1)


def take_recorded(windows: Iterable[WebDriver]) -> list[Entry]:
    """What was kept in these windows since it was taken last."""
    return [Entry(**entry) for window in windows for entry in window.execute_script(_TAKE)]
