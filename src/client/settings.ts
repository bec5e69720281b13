/** How a page shall connect. */

import { checkKeys } from './keys';

export interface Settings {
    type?: 'client' | 'platform';
    web?: { config?: Record<string, any> };
    webPlatform?: { config?: Record<string, any> };
    desktop?: { config?: Record<string, any> };
}

export const SETTINGS_KEYS = ['type', 'web', 'webPlatform', 'desktop'] as const;

const TYPES: unknown[] = ['client', 'platform'];

/** The settings that are given; throws an Error for a key or a type that is not known. */
export function readSettings(settings: Settings): Settings {
    checkKeys('settings', settings, SETTINGS_KEYS);
    const given = Object.entries(settings).filter(([, value]) => value !== null);
    for (const [key, value] of given) {
        if (key === 'type' && !TYPES.includes(value)) {
            throw new Error(
                `settings.type has to be "client" or "platform", not ${JSON.stringify(value)}`,
            );
        }
        if (key !== 'type') {
            checkKeys(`settings.${key}`, value, ['config']);
        }
    }
    return Object.fromEntries(given);
}
