import type { DashComponent } from './component';
import type { Diagnostics } from './diagnostics';

/** Tells authors who write to props that the library sets that this has no effect. */
export function warnOfWrites(
    component: DashComponent,
    diagnostics: Diagnostics,
    props: string[],
): void {
    for (const prop of props) {
        const deliverer = component.deliverer(prop);
        component.watch(prop, (value) => {
            if (value !== deliverer.lastValue) {
                diagnostics.warn(
                    `its ${prop} property is set by the library; what you wrote has no effect`,
                );
            }
        });
    }
}
