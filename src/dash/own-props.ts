import type { DashComponent } from './component';
import type { Diagnostics } from './diagnostics';

/**
 * Tells authors who write to props that the library sets that this has no effect.
 *
 * @param mark One of these props, by which a copy of the component is known, which a callback that
 *     returns a layout may send back; where the component has no other mark.
 */
export function warnOfWrites(
    component: DashComponent,
    diagnostics: Diagnostics,
    props: string[],
    mark?: string,
): void {
    for (const prop of props) {
        const deliverer = component.deliverer(prop);
        const warn = (value: unknown) => {
            if (value !== deliverer.lastValue) {
                diagnostics.warn(
                    `its ${prop} property is set by the library; what you wrote has no effect`,
                );
            }
        };
        component.watch(prop, warn, mark);
    }
}
