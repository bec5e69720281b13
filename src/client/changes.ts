/**
 * What a page offers is changed one step after the other: a method and a stream of one name would
 * collide, and core makes a mess of two changes that overlap.
 */

import { toError } from './errors';

export class Changes {
    /** The last change to each name; those of one name run one after the other. */
    private readonly last = new Map<string, Promise<unknown>>();

    /** Makes a change to a name after all changes to it that were asked for before. */
    inOrder<T>(name: string, change: () => Promise<T>): Promise<T> {
        const earlier = this.last.get(name) ?? Promise.resolve();
        const done = earlier.then(change, change).catch((reason) => {
            throw toError(reason);
        });
        this.last.set(name, done);
        return done;
    }
}
