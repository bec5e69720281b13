/**
 * How a ChannelBox looks. Its colours are those that the browser has for fields, which follow the
 * `color-scheme` of the page, and its rules are weaker than those that an app has for the same class names.
 * GrayText is for browsers without `light-dark`: on dark fields it is too dark for the guidelines.
 */

const ID = 'dash-interop-channel-box';

const CSS = `
.channel-box {
    display: inline-block; box-sizing: border-box; min-width: 11em;
    max-width: 100%; font: inherit; vertical-align: middle;
}
.channel-box-button {
    display: flex; align-items: center; gap: 0.5em; box-sizing: border-box; width: 100%;
    min-height: 2.25em; padding: 0.3em 0.7em; border: 1px solid GrayText;
    border-color: light-dark(#6b6b6b, #a0a0a0); border-radius: 6px;
    background: Field; color: FieldText; font: inherit; text-align: start; cursor: pointer;
}
.channel-box-button:disabled { cursor: default; color: GrayText; }
.channel-box-button:focus-visible {
    outline: 2px solid FieldText; outline-offset: 0; box-shadow: 0 0 0 4px Field;
}
.channel-box-text {
    flex: 1; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
}
.channel-box-arrow { flex: none; width: 0.7em; height: 0.7em; }
.channel-box-swatches { display: flex; flex: none; gap: 3px; }
.channel-box-swatch {
    flex: none; box-sizing: border-box; width: 1em; height: 1em; border-radius: 50%;
    border: 1px solid GrayText; border-color: light-dark(#6b6b6b, #a0a0a0);
    forced-color-adjust: none;
}
.channel-box-swatch[data-none] { border-style: dashed; }
.channel-box-list {
    position: fixed; inset: auto; z-index: 1000; box-sizing: border-box;
    max-height: min(24em, calc(100vh - 8px)); margin: 0; padding: 4px; overflow-y: auto;
    border: 1px solid GrayText; border-color: light-dark(#6b6b6b, #a0a0a0); border-radius: 6px;
    background: Field; color: FieldText; text-align: start; box-shadow: 0 6px 20px rgb(0 0 0 / 25%);
}
.channel-box-option {
    display: flex; align-items: center; gap: 0.5em; padding: 0.4em 0.6em; border-radius: 4px;
    cursor: pointer; white-space: nowrap;
}
.channel-box-option[data-active] {
    outline: 2px solid FieldText; outline-offset: -2px;
}
.channel-box-option[aria-selected="true"] { font-weight: 600; }
.channel-box-check { margin-inline-start: auto; padding-inline-start: 1em; }
`;

/** Puts the rules into the page, in front of those of the app, once. */
export function putStyle(): void {
    if (document.getElementById(ID)) {
        return;
    }
    const style = document.createElement('style');
    style.id = ID;
    style.textContent = CSS;
    document.head.prepend(style);
}
