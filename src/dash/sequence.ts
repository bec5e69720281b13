/** Numbers that make values of a component differ: Dash ignores a value equal to the one it has. */

import type { DashComponent } from './component';

const sequences = new WeakMap<DashComponent, number>();

/** The next number of a component, from 1 on for the life of the page. */
export function nextSequence(component: DashComponent): number {
    const next = (sequences.get(component) ?? 0) + 1;
    sequences.set(component, next);
    return next;
}
