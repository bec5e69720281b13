/** The context has another version than the one that a write was made for. */
export class ContextConflict extends Error {
    constructor(name: string, reason: string) {
        super(`The context ${name} was left as it is: ${reason}`);
    }
}
