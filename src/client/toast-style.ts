/**
 * How toasts look, in light and in dark. The page's own style reaches the element that holds them,
 * and nothing inside of it.
 */
export const TOAST_STYLE = `
:host {
    all: initial !important;
}
.toasts {
    --paper: #ffffff;
    --ink: #1b1f24;
    --quiet: #57606a;
    --line: #d0d7de;
    --hover: #eef1f4;
    --none: #57606a;
    --low: #1a7f37;
    --medium: #0b63c4;
    --high: #9a5b00;
    --critical: #c4202c;
    position: fixed;
    inset: 0 0 auto auto;
    z-index: 2147483000;
    box-sizing: border-box;
    width: min(26rem, 100vw);
    max-height: 100vh;
    overflow-y: auto;
    overscroll-behavior: contain;
    pointer-events: none;
    color: var(--ink);
    font: 0.9375rem/1.4 system-ui, sans-serif;
}
.toast {
    --accent: var(--none);
    pointer-events: auto;
    position: relative;
    box-sizing: border-box;
    margin: 0.75rem;
    border: 1px solid var(--line);
    border-inline-start: 0.3rem solid var(--accent);
    border-radius: 0.5rem;
    background: var(--paper);
    box-shadow: 0 0.25rem 1rem rgb(0 0 0 / 18%);
    overflow: hidden;
    animation: come 0.2s ease-out;
}
.toast.low { --accent: var(--low); }
.toast.medium { --accent: var(--medium); }
.toast.high { --accent: var(--high); }
.toast.critical { --accent: var(--critical); }
button {
    font: inherit;
    color: inherit;
    background: none;
    border: 0;
    margin: 0;
    cursor: pointer;
}
button:hover { background: var(--hover); }
button:focus-visible {
    outline: 0.15rem solid var(--medium);
    outline-offset: -0.2rem;
}
.main {
    display: flex;
    gap: 0.75rem;
    width: 100%;
    padding: 0.75rem 2.75rem 0.75rem 0.875rem;
    text-align: start;
}
.texts {
    display: flex;
    flex-direction: column;
    gap: 0.125rem;
    min-width: 0;
    overflow-wrap: anywhere;
}
.severity {
    color: var(--accent);
    font-size: 0.75rem;
    font-weight: 600;
}
.title { font-weight: 600; }
.body {
    color: var(--quiet);
    white-space: pre-line;
}
.icon {
    flex: none;
    width: 2.5rem;
    height: 2.5rem;
    object-fit: contain;
}
.image {
    max-width: 100%;
    max-height: 10rem;
    margin-top: 0.5rem;
    object-fit: contain;
}
.close {
    position: absolute;
    inset: 0.375rem 0.375rem auto auto;
    width: 2rem;
    height: 2rem;
    border-radius: 0.375rem;
    color: var(--quiet);
    font-size: 1.25rem;
    line-height: 1;
}
[dir="rtl"] .close { inset: 0.375rem auto auto 0.375rem; }
[dir="rtl"] .main { padding: 0.75rem 0.875rem 0.75rem 2.75rem; }
.actions {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
    padding: 0 0.875rem 0.75rem;
}
.action {
    display: inline-flex;
    align-items: center;
    gap: 0.375rem;
    min-height: 2rem;
    padding: 0.25rem 0.75rem;
    border: 1px solid var(--line);
    border-radius: 0.375rem;
    font-weight: 600;
}
.small {
    width: 1rem;
    height: 1rem;
    object-fit: contain;
}
@keyframes come {
    from { opacity: 0; transform: translateY(-0.5rem); }
}
@media (prefers-reduced-motion: reduce) {
    .toast { animation: none; }
}
@media (prefers-color-scheme: dark) {
    .toasts {
        --paper: #22272e;
        --ink: #eceff3;
        --quiet: #b3bcc6;
        --line: #444c56;
        --hover: #2f363f;
        --none: #9aa4af;
        --low: #57c26f;
        --medium: #78b4ff;
        --high: #e8a93c;
        --critical: #ff8a8f;
    }
}
`;
