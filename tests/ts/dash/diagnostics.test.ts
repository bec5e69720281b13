// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { DashComponent } from '../../../src/dash/component';
import type { Diagnostics } from '../../../src/dash/diagnostics';
import { FakeDashStore } from '../support/fake-dash-store';

const fetching = vi.fn();
let store: FakeDashStore;
let printed: [string, string][];
let diagnosticsOf: (type: string, id?: any) => Diagnostics;

beforeEach(async () => {
    // A page of its own for each test: what was told is remembered as long as the page lives.
    vi.resetModules();
    const module = await import('../../../src/dash/diagnostics');
    vi.stubGlobal('fetch', fetching);
    fetching.mockReset().mockImplementation(async () => Response.json({}));
    printed = [];
    for (const level of ['warn', 'error'] as const) {
        vi.spyOn(console, level).mockImplementation((text) => {
            printed.push([level, text instanceof Error ? text.message : text]);
        });
    }
    store = new FakeDashStore();
    window.dash_component_api = { stringifyId: (id: object) => JSON.stringify(id) } as any;
    const component = { slot: { store, id: 'sum' } } as unknown as DashComponent;
    diagnosticsOf = (type, id) => new module.Diagnostics(type, component, id);
});

afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
    window.dash_component_api = undefined;
});

/** What the Dash server was told. */
function reported(): string[][] {
    return fetching.mock.calls.map(([url, { headers }]) => {
        expect(url).toBe('/_dash-interop/problem');
        const told = new URLSearchParams(headers['X-Dash-Interop-Question']);
        return [told.get('component') ?? '', told.get('message') ?? ''];
    });
}

describe('a problem', () => {
    test('is told with the name of its component', () => {
        diagnosticsOf('MethodInvoke', 'sum').warn('nobody there');
        diagnosticsOf('MethodInvoke').warn('nobody there');
        diagnosticsOf('MethodInvoke', { row: 1 }).warn('nobody there');
        expect(printed).toEqual([
            ['warn', 'dash_interop: MethodInvoke sum: nobody there'],
            ['warn', 'dash_interop: MethodInvoke: nobody there'],
            ['warn', 'dash_interop: MethodInvoke {"row":1}: nobody there'],
        ]);
    });

    test('is told once, also by the component that comes back', () => {
        for (const message of ['one', 'two', 'one']) {
            diagnosticsOf('Glue42', 'glue').warnOfConnection(message);
        }
        expect(printed.map(([, text]) => text)).toEqual([
            'dash_interop: Glue42 glue: one',
            'dash_interop: Glue42 glue: two',
        ]);
        expect(reported()).toEqual([
            ['Glue42 glue', 'one'],
            ['Glue42 glue', 'two'],
        ]);
    });

    test('is an error where somebody has to change something', () => {
        diagnosticsOf('MethodRegister', 'sum').fail('no name');
        expect(printed).toEqual([['error', 'dash_interop: MethodRegister sum: no name']]);
        expect(reported()).toEqual([['MethodRegister sum', 'no name']]);
    });

    test('of a call does not go to the server', () => {
        diagnosticsOf('MethodInvoke', 'sum').warn('nobody there');
        expect(reported()).toEqual([]);
    });

    test('is in the list of the dev tools, which print it, while they are on', () => {
        store.useDevTools();
        const diagnostics = diagnosticsOf('MethodRegister', 'sum');
        diagnostics.fail('no name');
        diagnostics.fail('no name');
        diagnostics.warn('late');
        expect(store.listedErrors).toEqual([
            'dash_interop: MethodRegister sum: late',
            'dash_interop: MethodRegister sum: no name',
        ]);
        expect(printed.map(([, text]) => text)).toEqual([...store.listedErrors].reverse());
    });

    test('that a callback hears is in the console, and not in that list', () => {
        store.useDevTools();
        store.callback({ inputs: ['sum.result'] });
        const diagnostics = diagnosticsOf('MethodInvoke', 'sum');
        diagnostics.warnBeside('result', 'refused');
        expect(store.listedErrors).toEqual([]);
        diagnostics.warnBeside('error', 'unheard');
        expect(store.listedErrors).toEqual(['dash_interop: MethodInvoke sum: unheard']);
        expect(printed).toEqual([
            ['warn', 'dash_interop: MethodInvoke sum: refused'],
            ['error', 'dash_interop: MethodInvoke sum: unheard'],
        ]);
    });

    test('of a Dash without that list is in the console', () => {
        vi.spyOn(store, 'getState').mockReturnValue({ config: { ui: true } });
        diagnosticsOf('MethodRegister', 'sum').fail('no name');
        expect(printed).toHaveLength(1);
    });

    test('that the server cannot be told is in the console all the same', async () => {
        fetching.mockRejectedValue(new TypeError('Failed to fetch'));
        diagnosticsOf('MethodRegister', 'sum').fail('no name');
        await Promise.resolve();
        expect(printed).toHaveLength(1);
    });
});

describe('the Dash server', () => {
    test('is told no long texts', () => {
        diagnosticsOf('MethodRegister', 'i'.repeat(1000)).fail('m'.repeat(1000));
        const [[component, message]] = reported();
        expect(component).toHaveLength(500);
        expect(message).toBe('m'.repeat(500));
        expect(printed[0][1]).toContain('m'.repeat(1000));
    });

    test('is told no more than 20 problems of a page', () => {
        for (let n = 0; n < 30; n += 1) {
            diagnosticsOf('MethodRegister', `m${n}`).fail('no name');
        }
        expect(reported()).toHaveLength(20);
        expect(printed).toHaveLength(30);
    });
});

test('a page that goes on to find new problems says that it falls silent', () => {
    for (let n = 0; n < 300; n += 1) {
        diagnosticsOf('MethodInvoke', 'sum').warn(`problem ${n}`);
    }
    expect(printed.slice(199).map(([, text]) => text)).toEqual([
        'dash_interop: 200 problems; those to come are not shown',
        'dash_interop: MethodInvoke sum: problem 199',
    ]);
});
