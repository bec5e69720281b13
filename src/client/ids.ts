/** A text that no other page, and no other call, comes up with. */
export function newId(): string {
    return crypto.randomUUID?.() ?? randomId();
}

/** Pages that are not served over HTTPS or from this machine have no crypto.randomUUID. */
function randomId(): string {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
