/** Those who want to hear of something. */
export class Listeners<Args extends unknown[]> {
    private readonly all = new Set<(...args: Args) => void>();

    get size(): number {
        return this.all.size;
    }

    /** @returns How to stop. The same function may listen more than once. */
    add(listener: (...args: Args) => void): () => void {
        const own = (...args: Args) => {
            try {
                listener(...args);
            } catch (error) {
                // What one does wrong is not the fault of the others.
                console.error(error);
            }
        };
        this.all.add(own);
        return () => this.all.delete(own);
    }

    /** Calls those who listen now; one who stops meanwhile is left out. */
    tell(...args: Args): void {
        for (const listener of [...this.all]) {
            if (this.all.has(listener)) {
                listener(...args);
            }
        }
    }
}
