// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ContextChannels } from '../../../src/client/context-channels';
import { InteropClient } from '../../../src/client/interop-client';
import Channels from '../../../src/components/Channels';
import { NO_ROOT } from '../../../src/dash/interop-context';
import { FakeContextGateway, type FakeContexts } from '../support/fake-contexts';
import { FakeDashPage } from '../support/fake-dash-page';
import { FakeGateway } from '../support/fake-interop';

let gateway: FakeContextGateway;
let contexts: FakeContexts;
let client: InteropClient;
let others: ContextChannels;
let page: FakeDashPage;
let warnings: string[];
let failures: string[];
/** Components remember by id what they have seen: each test has its own. */
let id: string;
let tests = 0;

beforeEach(() => {
    vi.useFakeTimers();
    warnings = [];
    vi.spyOn(console, 'warn').mockImplementation((message) => warnings.push(message));
    failures = [];
    vi.spyOn(console, 'error').mockImplementation((message) => failures.push(message));
    vi.stubGlobal('fetch', async () => Response.json({}));
    tests += 1;
    id = `channels-${tests}`;
    gateway = new FakeContextGateway();
    for (const name of ['Red', 'Green', 'Blue']) {
        gateway.addChannel(name);
    }
    contexts = gateway.connect('me');
    others = new ContextChannels(gateway.connect('other'));
    client = connected();
    page = new FakeDashPage({ Channels });
    page.store.add('Div', { id: 'out' });
});

afterEach(() => {
    page.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
});

function connected(): InteropClient {
    const io = new FakeGateway().connect({ application: 'own' });
    return new InteropClient(io, undefined, undefined, undefined, contexts);
}

async function show(props: Record<string, any> = {}): Promise<HTMLElement> {
    page.add('Channels', { id, ...props });
    return page.show(client);
}

/** What was given as `prop`, in order. */
function given(prop: string): any[] {
    return page.store.updates.filter(({ props }) => prop in props).map(({ props }) => props[prop]);
}

/** The data that `my` had, in order. */
function data(): unknown[] {
    return given('my').map((my) => my?.data ?? null);
}

function names(my: any): unknown {
    return Array.isArray(my) ? my.map(({ name }) => name) : (my?.name ?? null);
}

describe('what there is', () => {
    test('is given when the page is connected; it shows nothing itself', async () => {
        const container = await show();
        expect(container.innerHTML).toBe('');
        const list = ['Red', 'Green', 'Blue'].map((name) => ({
            name,
            meta: { color: name.toLowerCase() },
            data: {},
        }));
        expect(given('list')).toEqual([list]);
        expect(given('all')).toEqual([['Red', 'Green', 'Blue']]);
        expect(given('my')).toEqual([]);
        expect(given('error')).toEqual([]);
        expect(page.store.props(id).my).toBeNull();
    });

    test('is given anew where it has changed, the names only where they have', async () => {
        await show();
        await page.when(() => others.publish({ a: 1 }, 'Green'));
        expect(given('list')[1][1].data).toEqual({ a: 1 });
        expect(given('all')).toHaveLength(1);
        await page.when(async () => {
            await others.add({ name: 'Gold', meta: { color: 'gold' } });
        });
        expect(given('all')).toEqual([
            ['Red', 'Green', 'Blue'],
            ['Red', 'Green', 'Blue', 'Gold'],
        ]);
    });

    test('stays when a layout brings the component without it', async () => {
        await show({ join: { name: 'Red' } });
        await page.replace('Channels', { id });
        expect(page.store.props(id).all).toEqual(['Red', 'Green', 'Blue']);
        expect(page.store.props(id).list).toHaveLength(3);
        expect(page.store.props(id).my.name).toBe('Red');
    });
});

describe('the channel that the page is on', () => {
    test('is given with the data, who has changed it, and a number', async () => {
        await others.publish({ a: 1 }, 'Red');
        await show();
        await page.write(id, { join: { name: 'Red' } });
        await page.when(() => others.publish({ a: 2 }, 'Red'));
        await page.write(id, { publish: { data: { b: 3 } } });
        const red = { name: 'Red', meta: { color: 'red' } };
        const isMine = (mine: boolean) => ({ isMineUpdate: mine, isMyUpdate: mine });
        expect(given('my')).toEqual([
            {
                ...red,
                data: { a: 1 },
                extraData: { updaterId: null, ...isMine(false), sequence: 1 },
            },
            {
                ...red,
                data: { a: 2 },
                extraData: { updaterId: 'other', ...isMine(false), sequence: 2 },
            },
            {
                ...red,
                data: { a: 2, b: 3 },
                extraData: { updaterId: 'me', ...isMine(true), sequence: 3 },
            },
        ]);
        await page.write(id, { leave: {} });
        expect(given('my')[3]).toBeNull();
        expect(given('error')).toEqual([]);
    });

    test('reaches a callback with every publish, once and in order, however slow it is', async () => {
        page.store.callback({ inputs: [`${id}.my`], outputs: ['out.children'] });
        await show({ join: { name: 'Red' } });
        await page.when(async () => {
            for (let number = 1; number <= 5; number += 1) {
                await others.publish({ number }, 'Red');
            }
            // What changes nothing is no news.
            await others.publish({ number: 5 }, 'Red');
            await others.publish({ number: 6 }, 'Red');
        });
        const seen: unknown[] = [];
        for (let run = page.store.requested[0]; run; run = page.store.requested[0]) {
            seen.push(page.store.props(id).my.data.number);
            await page.when(() => run.finish());
        }
        expect(seen).toEqual([undefined, 1, 2, 3, 4, 5, 6]);
    });

    test('is that of the page: it stays when the component leaves', async () => {
        await show({ join: { name: 'Red' } });
        await page.remove(id);
        expect(client.channels.my()).toEqual(['Red']);
        await page.when(() => others.publish({ a: 1 }, 'Red'));
        await page.putBack('Channels', { id });
        expect(given('my').map(names)).toEqual(['Red', 'Red']);
        expect(data()).toEqual([{}, { a: 1 }]);
    });
});

describe('join, leave and publish', () => {
    test('are done in the order in which they were written', async () => {
        await show();
        await page.write(
            id,
            { join: { name: 'Red' } },
            { leave: {} },
            { join: { name: 'Green' } },
            { publish: { data: { a: 1 } } },
            { join: { name: 'Blue' } },
        );
        expect(given('my').map(names)).toEqual(['Red', null, 'Green', 'Blue']);
        expect(gateway.stored.get('___channel___Green')?.data.data).toEqual({ a: 1 });
    });

    test('of one callback join first and leave last', async () => {
        await show({ join: { name: 'Red' } });
        await page.write(id, { leave: {}, publish: { data: { a: 1 } }, join: { name: 'Green' } });
        expect(given('my').map(names)).toEqual(['Red', 'Green', null]);
        expect(gateway.stored.get('___channel___Green')?.data.data).toEqual({ a: 1 });
    });

    test('wait for the connection', async () => {
        page.add('Channels', { id, join: { name: 'Red' } });
        await page.show();
        await page.write(id, { publish: { data: { a: 1 } } }, { publish: { data: { a: 2 } } });
        await page.reconnect(client);
        expect(gateway.writes.map(({ paths }) => paths[0].value)).toEqual([1, 2]);
        expect(given('my').map(names)).toContain('Red');
    });

    test('fail when the connection does not come', async () => {
        page.add('Channels', { id, join: { name: 'Red' } });
        await page.show();
        await page.settle(30_000);
        expect(given('error')).toEqual([
            {
                message: 'The page was not connected within 30000 ms',
                operation: 'join',
                name: 'Red',
            },
        ]);
    });

    test('are done again when the same is written again, and not when nothing is', async () => {
        await show({ join: { name: 'Red' } });
        await page.write(id, { publish: { data: { a: 1 } } });
        await page.write(id, { publish: { data: { a: 1 } }, join: null, leave: undefined });
        expect(gateway.writes).toHaveLength(2);
        expect(client.channels.my()).toEqual(['Red']);
    });

    test('may be lists', async () => {
        await show({ mode: 'multi', join: [{ name: 'Red' }, { name: 'Green' }] });
        await page.write(id, { publish: [{ data: { a: 1 } }, { name: 'Blue', data: { a: 2 } }] });
        expect(gateway.writes.map(({ name, paths }) => [name, paths[0].value])).toEqual([
            ['___channel___Red', 1],
            ['___channel___Green', 1],
            ['___channel___Blue', 2],
        ]);
    });

    test('publish FDC3 data, which my has by its type', async () => {
        await show({ join: { name: 'Red' } });
        const instrument = { type: 'fdc3.instrument', id: { ticker: 'AAPL' } };
        await page.write(id, { publish: { data: instrument, fdc3: true } });
        expect(gateway.writes[0].paths).toEqual([
            { path: 'data.fdc3_fdc3&instrument', value: { id: { ticker: 'AAPL' } } },
            { path: 'latest_fdc3_type', value: 'fdc3&instrument' },
        ]);
        expect(data()).toEqual([{}, { fdc3: instrument }]);
    });
});

describe('in multi mode', () => {
    test('my is a list in the order of joining, where the changed one has the greatest number', async () => {
        await show({ mode: 'multi' });
        expect(given('my')).toEqual([[]]);
        await page.write(id, { join: { name: 'Green' } }, { join: { name: 'Red' } });
        await page.when(() => others.publish({ a: 1 }, 'Green'));
        await page.write(id, { leave: { name: 'Green' } });
        expect(given('my').map(names)).toEqual([
            [],
            ['Green'],
            ['Green', 'Red'],
            ['Green', 'Red'],
            ['Red'],
        ]);
        const numbers = given('my').map((my) => my.map((each: any) => each.extraData.sequence));
        expect(numbers).toEqual([[], [1], [1, 2], [3, 2], [2]]);
        await page.write(id, { leave: {} });
        expect(given('my')[5]).toEqual([]);
    });

    test('a page that goes back to single mode stays on the last channel', async () => {
        await show({ mode: 'multi', join: [{ name: 'Red' }, { name: 'Green' }] });
        await page.write(id, { mode: 'single' });
        expect(client.channels.my()).toEqual(['Green']);
        expect(names(page.store.props(id).my)).toBe('Green');
    });

    test('another Channels that says no mode leaves it', async () => {
        page.add('Channels', { id: `${id}-other` });
        await show({ mode: 'multi' });
        await page.renderAgain();
        expect(client.channels.mode).toBe('multi');
        expect(page.store.props(`${id}-other`).my).toEqual([]);
    });
});

describe('what is wrong', () => {
    test.each([
        [
            { join: { name: 'Rde' } },
            'join',
            'Rde',
            'There is no channel "Rde": did you mean "Red"?',
        ],
        [{ join: {} }, 'join', null, 'The name of a channel is a non-empty string, not nothing'],
        [{ join: 'Red' }, 'join', null, 'join has to be a dict, not "Red"'],
        [{ join: [{ nmae: 'Red' }] }, 'join', null, 'join[0] has an unknown key "nmae"'],
        [{ leave: { name: 'Gold' } }, 'leave', 'Gold', 'There is no channel "Gold"'],
        [{ leave: true }, 'leave', null, 'leave has to be a dict, not true'],
        [{ publish: { data: {} } }, 'publish', null, 'There is no channel to publish on'],
        [{ publish: { name: 'Red' } }, 'publish', 'Red', 'have to be a dict, not nothing'],
        [{ publish: { name: 'Red', data: { 'a.b': 1 } } }, 'publish', 'Red', 'the key "a.b"'],
        [{ publish: { name: 'Red', data: {}, fdc3: 1 } }, 'publish', 'Red', 'fdc3 has to be True'],
        [
            { publish: { name: 'Red', data: {}, fdc3: true } },
            'publish',
            'Red',
            'a dict with a "type"',
        ],
        [{ mode: 'many' }, 'mode', null, 'mode has to be "single" or "multi", not "many"'],
    ])('with %j is told, in the console, too', async (props, operation, name, message) => {
        await show();
        await page.write(id, props);
        const expected = { operation, name, message: expect.stringContaining(message) };
        expect(given('error')).toEqual([expected]);
        expect(warnings).toEqual([expect.stringContaining(`Channels ${id}: `)]);
        expect(warnings[0]).toContain(message);
        expect(gateway.writes).toEqual([]);
    });

    test('is over with the next that succeeds', async () => {
        await show();
        await page.write(id, { join: { name: 'Rde' } });
        await page.write(id, { join: { name: 'Red' } });
        expect(given('error').map((error) => error?.operation ?? null)).toEqual(['join', null]);
    });

    test('with the mode is over when a callback takes it back', async () => {
        await show({ mode: 'many' });
        await page.write(id, { mode: null });
        expect(page.store.props(id).error).toBeNull();
        expect(client.channels.mode).toBe('single');
    });

    test('does not keep the others of a list from being done', async () => {
        await show({ join: [{ name: 'Rde' }, { name: 'Red' }] });
        expect(client.channels.my()).toEqual(['Red']);
        expect(page.store.props(id).error.name).toBe('Rde');
    });

    test('where there is no root is told', async () => {
        page.add('Channels', { id, join: { name: 'Red' } });
        await page.show(NO_ROOT);
        expect(page.store.props(id).error.message).toBe(NO_ROOT);
        expect(failures).toEqual([expect.stringContaining(NO_ROOT)]);
    });

    test('writes to what the library sets have no effect', async () => {
        await show({ join: { name: 'Red' } });
        await page.write(id, { my: { name: 'Green' }, all: [] });
        expect(warnings).toEqual([
            expect.stringContaining('its all property is set by the library'),
            expect.stringContaining('its my property is set by the library'),
        ]);
        expect(page.store.props(id).my.name).toBe('Red');
        expect(page.store.props(id).all).toHaveLength(3);
    });
});
