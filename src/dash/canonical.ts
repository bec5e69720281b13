/** A value's JSON text, which is the same before and after a way through Python. */
export function canonicalText(value: unknown): string {
    return JSON.stringify(value, inOrder) ?? '';
}

/** A server may order the keys of a dict in its own way. */
function inOrder(_key: string, value: any): unknown {
    const isDict = value !== null && typeof value === 'object' && !Array.isArray(value);
    return isDict ? Object.fromEntries(Object.entries(value).sort(byKey)) : value;
}

function byKey([a]: [string, unknown], [b]: [string, unknown]): number {
    return a < b ? -1 : 1;
}
