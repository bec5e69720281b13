import type { DashComponent } from './component';
import type { Diagnostics } from './diagnostics';

/**
 * Tells authors who write to props that the library sets that this has no effect.
 *
 * @param mark A prop that only the library sets, by which a copy of the component is known: one that
 *     a callback got as State and returns with a layout was not written by the author.
 */
export function warnOfWrites(
    component: DashComponent,
    diagnostics: Diagnostics,
    props: string[],
    mark: string,
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
