/** The toasts of the document, as their user finds them. */

/** Test files share a document, and each has a place of its own for its toasts. */
function roots(): ShadowRoot[] {
    const hosts = document.querySelectorAll('[data-dash-interop=toasts]');
    return [...hosts].map((host) => host.shadowRoot as ShadowRoot);
}

export function toasts(): HTMLElement[] {
    return roots().flatMap((root) => [...root.querySelectorAll<HTMLElement>('.toast')]);
}

/** The part of a toast that has the focus. */
export function focused(): Element | undefined {
    return roots().flatMap(({ activeElement }) => activeElement ?? [])[0];
}

/** The titles, the topmost first. */
export function titles(): (string | null)[] {
    return toasts().map((toast) => part(toast, '.title').textContent);
}

export function part(toast: HTMLElement, selector: string): HTMLElement {
    const found = toast.querySelector<HTMLElement>(selector);
    if (!found) {
        throw new Error(`no ${selector} in ${toast.outerHTML}`);
    }
    return found;
}

/** A click on a part of a toast. */
export function click(title: string, selector = '.main'): void {
    const toast = toasts().find((each) => part(each, '.title').textContent === title);
    if (!toast) {
        throw new Error(`no toast ${title} among ${titles()}`);
    }
    part(toast, selector).click();
}
