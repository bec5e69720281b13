import { expect, test } from 'vitest';
import { readSettings } from '../../../src/client/settings';

test.each([
    [{}],
    [{ type: 'client' }],
    [{ type: 'platform', webPlatform: { config: { anything: 1 } } }],
    [{ web: { config: { application: 'A', gateway: { ws: 'ws://x/' } } }, desktop: {} }],
])('%j is read as it is', (settings) => {
    expect(readSettings(settings as any)).toEqual(settings);
});

test('what is None in Python is left out', () => {
    expect(readSettings({ type: null, web: { config: {} } } as any)).toEqual({
        web: { config: {} },
    });
});

test.each([
    [{ Web: {} }, 'settings has an unknown key "Web": did you mean "web"?'],
    [{ gateway: {} }, 'settings has an unknown key "gateway": known are "type", "web", '],
    [
        { web: { configuration: {} } },
        'settings.web has an unknown key "configuration": did you mean "config"?',
    ],
    [{ type: 'server' }, 'settings.type has to be "client" or "platform", not "server"'],
])('%j is refused', (settings, message) => {
    expect(() => readSettings(settings as any)).toThrow(message);
});
