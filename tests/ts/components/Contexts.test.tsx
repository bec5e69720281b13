// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InteropClient } from '../../../src/client/interop-client';
import Contexts from '../../../src/components/Contexts';
import { NO_ROOT } from '../../../src/dash/interop-context';
import { FakeContextGateway, type FakeContextPage } from '../support/fake-context-gateway';
import { FakeDashPage } from '../support/fake-dash-page';
import { FakeGateway } from '../support/fake-interop';

let gateway: FakeContextGateway;
let own: FakeContextPage;
let other: FakeContextPage;
let page: FakeDashPage;
let warnings: string[];
/** Components remember by id what they have seen: each test has its own. */
let id: string;
let tests = 0;

beforeEach(() => {
    vi.useFakeTimers();
    warnings = [];
    vi.spyOn(console, 'warn').mockImplementation((message) => warnings.push(message));
    vi.spyOn(console, 'error').mockImplementation((message) => warnings.push(message));
    vi.stubGlobal('fetch', async () => Response.json({}));
    tests += 1;
    id = `contexts-${tests}`;
    gateway = new FakeContextGateway();
    own = gateway.connect();
    other = gateway.connect();
    page = new FakeDashPage({ Contexts });
});

afterEach(() => {
    page.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
});

function client(): InteropClient {
    const core = new FakeGateway().connect();
    return new InteropClient(core, undefined, undefined, undefined, own.contexts);
}

async function show(): Promise<void> {
    page.add('Contexts', { id });
    await page.show(client());
}

/** A callback writes, and all that is sent arrives. */
async function write(...writes: Record<string, any>[]): Promise<void> {
    await page.write(id, ...writes);
    await page.when(() => gateway.settle());
}

/** What the library gave to a prop, in order. */
function given(prop: string): any[] {
    return page.store.updates.filter(({ props }) => prop in props).map(({ props }) => props[prop]);
}

describe('what callbacks write', () => {
    test('is carried out, each in its way', async () => {
        await show();
        await write({ update: { name: 'Market', data: { px: 1, rows: [1] } } });
        await write({ setPath: { name: 'Market', path: 'size.bid', data: 5 } });
        await write({
            setPaths: {
                name: 'Market',
                paths: [
                    { path: 'rows.0', value: 2 },
                    { path: 'size.ask', value: 6 },
                ],
            },
        });
        expect(gateway.valueOf('Market')).toEqual({ px: 1, rows: [2], size: { bid: 5, ask: 6 } });
        await write({ setPath: { name: 'Market', path: 'size.bid', data: null } });
        expect(gateway.valueOf('Market')).toMatchObject({ size: { ask: 6 } });
        await write({ set: { name: 'Market', data: { px: 2 } } });
        expect(gateway.valueOf('Market')).toEqual({ px: 2 });
        await write({ destroy: { name: 'Market' } });
        expect(gateway.valueOf('Market')).toBeUndefined();
        expect(given('error')).toEqual([]);
    });

    test('may be a list, for several contexts', async () => {
        await show();
        await write({
            update: [
                { name: 'Market', data: { px: 1 } },
                { name: 'News', data: { text: 'a' } },
                { name: 'Market', data: { px: 2 } },
            ],
        });
        expect(gateway.valueOf('Market')).toEqual({ px: 2 });
        expect(gateway.valueOf('News')).toEqual({ text: 'a' });
    });

    test('to several props at once has an order', async () => {
        await show();
        await write({ update: { name: 'Market', data: { old: 1 } } });
        await write({
            setPath: { name: 'Market', path: 'a.b', data: 1 },
            update: { name: 'Market', data: { c: 2 } },
            set: { name: 'Market', data: { d: 3 } },
            destroy: { name: 'Market' },
        });
        expect(gateway.valueOf('Market')).toEqual({ d: 3, c: 2, a: { b: 1 } });
    });

    test('for another version is a conflict', async () => {
        await show();
        await write({ set: { name: 'Market', data: { px: 1 }, ifVersion: 0 } });
        await write({ set: { name: 'Market', data: { px: 2 }, ifVersion: 0 } });
        await write({ update: { name: 'Market', data: { px: 3 }, ifVersion: 1 } });
        await write({ update: { name: 'Market', data: { px: 4 }, ifVersion: 1 } });
        expect(gateway.valueOf('Market')).toEqual({ px: 3 });
        const conflict = { name: 'Market', type: 'ContextConflict' };
        expect(given('error')).toMatchObject([
            { ...conflict, operation: 'set' },
            null,
            { ...conflict, operation: 'update' },
        ]);
    });

    test.each([
        [{ update: { data: {} } }, 'update needs the name of a context, a non-empty string', null],
        [{ update: 'Market' }, 'update has to be a dict, not "Market"', null],
        [
            {
                update: [
                    { name: 'Market', data: {} },
                    { name: 'Market', dat: {} },
                ],
            },
            'update[1] has an unknown key "dat": did you mean "data"?',
            'Market',
        ],
        [
            { set: { name: 'Market' } },
            'The data of a context have to be a dict, not nothing',
            'Market',
        ],
        [
            { set: { name: '___window___1', data: {} } },
            'set cannot have the name "___window___1": names that begin with ___ are those of ' +
                'channels and windows, which have components of their own',
            '___window___1',
        ],
        [
            { setPath: { name: 'Market', path: 'a..b', data: 1 } },
            'The path "a..b" has an empty part: parts are separated by one dot',
            'Market',
        ],
        [
            { setPaths: { name: 'Market', paths: [{ path: 'a', data: 1 }] } },
            'An entry of paths in setPaths has an unknown key "data": known are "path", "value"',
            'Market',
        ],
        [
            { setPaths: { name: 'Market', paths: { a: 1 } } },
            'Paths to set are a list of dicts with "path" and "value", not {"a":1}',
            'Market',
        ],
        [
            { destroy: { name: 'Market' } },
            'There is no context Market that could be destroyed',
            'Market',
        ],
        [
            { update: { name: 'Market', data: {}, ifVersion: 'one' } },
            'ifVersion has to be a version, 0 for none yet, not "one"',
            'Market',
        ],
    ])('may be wrong, and the component goes on: %j', async (written, message, name) => {
        await show();
        await write(written);
        const [operation] = Object.keys(written);
        const problem = { message, operation, name, type: 'ContextError' };
        expect(given('error')).toEqual([{ ...problem, sequence: expect.any(Number) }]);
        expect(warnings).toEqual([`dash_interop: Contexts ${id}: ${operation} failed: ${message}`]);
        await write({ update: { name: 'News', data: { text: 'a' } } });
        expect(gateway.valueOf('News')).toEqual({ text: 'a' });
        expect(given('error')[1]).toBeNull();
    });

    test('that fails twice is told twice', async () => {
        await show();
        await write({ destroy: { name: 'Market' } });
        await write({ destroy: { name: 'News' } }, { destroy: { name: 'Market' } });
        expect(given('error').map(({ name }) => name)).toEqual(['Market', 'News', 'Market']);
    });

    test('before that fails is not made good by what is carried out before it', async () => {
        await show();
        await page.write(
            id,
            { update: { name: 'Market', data: { px: 1 } } },
            { update: { name: 'Market', data: 5 } },
        );
        await page.when(() => gateway.settle());
        expect(gateway.valueOf('Market')).toEqual({ px: 1 });
        expect(given('error')).toHaveLength(1);
    });

    test('before the page is connected waits for that', async () => {
        page.add('Contexts', { id, update: { name: 'Market', data: { px: 1 } } });
        await page.show();
        await page.reconnect(client());
        await page.when(() => gateway.settle());
        expect(gateway.valueOf('Market')).toEqual({ px: 1 });
    });

    test('without a root fails', async () => {
        page.add('Contexts', { id, update: { name: 'Market', data: { px: 1 } } });
        await page.show(NO_ROOT);
        expect(given('error')[0]).toEqual({ message: NO_ROOT });
        expect(given('error')[1]).toMatchObject({ message: NO_ROOT, operation: 'update' });
    });
});

describe('the names', () => {
    test('are those of all contexts, without those of channels and windows', async () => {
        await show();
        expect(given('names')).toEqual([[]]);
        other.contexts.set('Market', {}).catch(() => {});
        other.contexts.set('___channel___Red', {}).catch(() => {});
        await page.when(() => gateway.settle());
        await write({ update: { name: 'News', data: {} } });
        await write({ destroy: { name: 'Market' } });
        expect(given('names').slice(1)).toEqual([['Market'], ['Market', 'News'], ['News']]);
    });

    test('stay when a layout brings the component without them', async () => {
        await show();
        await write({ update: { name: 'News', data: {} } });
        await page.replace('Contexts', { id });
        expect(page.store.props(id).names).toEqual(['News']);
    });
});
