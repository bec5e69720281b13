// Every wait of the suite ends here: an event that does not come fails the test with a text
// that says what was missing.
let milliseconds = 5000;

export function setDeadline(value) {
    milliseconds = value;
}

export function within(promise, what, limit = milliseconds) {
    const guarded = race(promise, what, limit);
    // A test that fails before it looks at this must not also end in an unhandled rejection.
    guarded.catch(() => {});
    return guarded;
}

async function race(promise, what, limit) {
    let timer;
    const expired = new Promise((_resolve, reject) => {
        timer = setTimeout(
            () =>
                reject(
                    new Error(`no ${typeof what === 'function' ? what() : what} in ${limit} ms`),
                ),
            limit,
        );
    });
    try {
        return await Promise.race([promise, expired]);
    } finally {
        clearTimeout(timer);
    }
}

// A list that can be awaited: callbacks of the clients add to it, tests wait for its length.
export class Collected {
    items = [];
    #waiting = [];

    add = (item) => {
        this.items.push(item);
        this.#waiting = this.#waiting.filter(({ satisfied, resolve }) => {
            if (satisfied(this.items)) {
                resolve(this.items);
                return false;
            }
            return true;
        });
    };

    until(satisfied, what, limit) {
        if (satisfied(this.items)) {
            return Promise.resolve(this.items);
        }
        const found = new Promise((resolve) => this.#waiting.push({ satisfied, resolve }));
        return within(found, () => `${what} (${this.items.length} items so far)`, limit);
    }

    count(length, limit) {
        return this.until((items) => items.length >= length, `${length} items`, limit);
    }
}
