/** Props that the library sets: whoever writes to them is told that this has no effect. */

import type { DashComponent } from './component';
import type { Diagnostics } from './diagnostics';

/**
 * Tells authors who write to props that the library sets that this has no effect.
 *
 * @param mark One of these props, by which a copy of the component is known.
 */
export function warnOfWrites(
    component: DashComponent,
    diagnostics: Diagnostics,
    props: string[],
    mark: string,
): void {
    for (const prop of props) {
        const warn = () =>
            diagnostics.warn(
                `its ${prop} property is set by the library; what you wrote has no effect`,
            );
        component.watchOwn(prop, warn, mark);
    }
}
