/** Numbers that make values of a component differ: Dash ignores a value equal to the one it has. */

import type { DashComponent } from './component';
import type { Deliverer } from './deliver';

const sequences = new WeakMap<DashComponent | Deliverer, number>();

/** The next number of a component, or of one of its props, from 1 on for the life of the page. */
export function nextSequence(counted: DashComponent | Deliverer): number {
    const next = (sequences.get(counted) ?? 0) + 1;
    sequences.set(counted, next);
    return next;
}
