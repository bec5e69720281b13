/** A running app as others see it: `application`, `instance`, `user`, `peerId` and more. */
export type Instance = Record<string, any>;

/** Fields that each page fills in for itself: core invents a pid for an instance without one. */
export const OWN_VIEW = ['pid', 'isLocal'];

/** An instance as data, without core's functions. */
export function plainInstance(instance: any): Instance | null {
    if (!instance) {
        return null;
    }
    return Object.fromEntries(
        Object.entries(instance).filter(
            ([, value]) => value !== undefined && typeof value !== 'function',
        ),
    );
}

/** An instance as all others see it, too. */
export function publicInstance(instance: any): Instance {
    const fields = Object.entries(plainInstance(instance) ?? {});
    return Object.fromEntries(fields.filter(([name]) => !OWN_VIEW.includes(name)));
}
