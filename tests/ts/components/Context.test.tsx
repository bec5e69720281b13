// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InteropClient } from '../../../src/client/interop-client';
import Context from '../../../src/components/Context';
import { NO_ROOT } from '../../../src/dash/interop-context';
import { FakeContextGateway, type FakeContextPage } from '../support/fake-context-gateway';
import { FakeDashPage } from '../support/fake-dash-page';
import { FakeGateway } from '../support/fake-interop';

let gateway: FakeContextGateway;
let own: FakeContextPage;
let other: FakeContextPage;
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
    id = `context-${tests}`;
    gateway = new FakeContextGateway();
    own = gateway.connect();
    other = gateway.connect();
    page = new FakeDashPage({ Context });
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

async function show(props: Record<string, any> = {}): Promise<HTMLElement> {
    page.add('Context', { id, contextName: 'Market', ...props });
    return page.show(client());
}

/** All that was sent arrives. */
async function settle(): Promise<void> {
    await page.when(() => gateway.settle());
}

/** Another page writes. */
async function update(...writes: object[]): Promise<void> {
    for (const data of writes) {
        other.contexts.update('Market', data).catch(() => {});
    }
    await settle();
}

/** A callback writes. */
async function write(...writes: Record<string, any>[]): Promise<void> {
    await page.write(id, ...writes);
    await settle();
}

/** Declares a callback that has the context as Input. */
function listener(): void {
    page.store.callback({ inputs: [`${id}.context`] });
}

/** The callback that has the present value ends. */
async function finish(): Promise<void> {
    const run = page.store.runs[page.store.runs.length - 1];
    await page.when(() => run.finish());
}

/** What the library gave to a prop, in order. */
function given(prop: string): any[] {
    return page.store.updates.filter(({ props }) => prop in props).map(({ props }) => props[prop]);
}

const deltas = () => given('context').map(({ delta }) => delta);

describe('what callbacks hear', () => {
    test('is the value first, and then each change', async () => {
        await update({ px: 1, note: 'a' });
        const container = await show();
        await settle();
        await update({ px: 2, note: null });
        expect(container.innerHTML).toBe('');
        const nobody = { updaterId: null, isMineUpdate: false, isMyUpdate: false };
        expect(given('context')).toEqual([
            {
                data: { px: 1, note: 'a' },
                delta: {},
                removed: [],
                extraData: nobody,
                version: 1,
                destroyed: false,
                sequence: 1,
            },
            {
                data: { px: 2 },
                delta: { px: 2, note: null },
                removed: ['note'],
                extraData: { ...nobody, updaterId: other.peerId },
                version: 2,
                destroyed: false,
                sequence: 2,
            },
        ]);
        expect(given('error')).toEqual([]);
    });

    test('is each of many changes, one at a time', async () => {
        await update({ n: 0 });
        listener();
        await show();
        await settle();
        await update(...Array.from({ length: 20 }, (_, n) => ({ n: n + 1 })));
        expect(deltas()).toEqual([{}]);
        for (let n = 0; n < 20; n += 1) {
            await finish();
        }
        expect(deltas().slice(1)).toEqual(Array.from({ length: 20 }, (_, n) => ({ n: n + 1 })));
    });

    test('is the newest with the deltas of the others where only that is wanted', async () => {
        await update({ n: 0 });
        listener();
        await show({ delivery: 'latest' });
        await settle();
        await update({ a: 1 }, { b: 1 }, { a: 2 });
        await finish();
        expect(given('context').slice(1)).toEqual([
            expect.objectContaining({
                data: { n: 0, a: 2, b: 1 },
                delta: { a: 2, b: 1 },
                replaced: 2,
            }),
        ]);
    });

    test('is nothing of a write of equal values', async () => {
        await update({ px: { bid: 1 } });
        await show();
        await settle();
        await update({ px: { bid: 1 } });
        await write({ update: { px: { bid: 1 } } });
        expect(deltas()).toEqual([{}]);
    });

    test('is the end of the context, and another one of its name', async () => {
        await update({ px: 1 });
        await show();
        await settle();
        other.contexts.destroy('Market').catch(() => {});
        await settle();
        await update({ px: 5 });
        expect(given('context').slice(1)).toMatchObject([
            { data: {}, delta: {}, removed: ['px'], destroyed: true },
            { data: { px: 5 }, delta: {}, destroyed: false },
        ]);
    });

    test('is that this page wrote it', async () => {
        await show();
        await write({ update: { px: 1 } });
        expect(given('context')).toMatchObject([
            {
                delta: { px: 1 },
                extraData: { updaterId: own.peerId, isMineUpdate: true, isMyUpdate: true },
            },
        ]);
    });

    test('goes on when the page is connected anew', async () => {
        await update({ px: 1 });
        await show();
        await settle();
        await page.reconnect(client());
        await settle();
        expect(deltas()).toEqual([{}, {}]);
        expect(warnings).toEqual([]);
    });
});

describe('the context', () => {
    test('is that of the id where no name is given', async () => {
        await show({ contextName: undefined });
        await write({ set: { px: 1 } });
        expect(gateway.valueOf(id)).toEqual({ px: 1 });
    });

    test('is another one once it has another name, and nothing is left of the first', async () => {
        await update({ px: 1 });
        listener();
        await show();
        await settle();
        await update({ px: 2 });
        await page.write(id, { contextName: 'News' });
        expect(page.store.props(id).context).toBeNull();
        await finish();
        other.contexts.set('News', { text: 'a' }).catch(() => {});
        await settle();
        await finish();
        await update({ px: 3 });
        expect(given('context').map(({ data }) => data)).toEqual([{ px: 1 }, { text: 'a' }]);
    });

    test('is read once by two components', async () => {
        await update({ px: 1 });
        page.add('Context', { id: `${id}-two`, contextName: 'Market' });
        await show();
        await settle();
        await update({ px: 2 });
        expect(deltas()).toEqual([{}, {}, { px: 2 }, { px: 2 }]);
        expect(own.sentTypes).toEqual(['subscribe-context']);
    });

    test('is left with the component, and taken up again', async () => {
        await update({ px: 1 });
        await show();
        await settle();
        await page.remove(id);
        await settle();
        expect(own.sentTypes).toEqual(['subscribe-context', 'unsubscribe-context']);
        await update({ px: 2 });
        await page.putBack('Context', { id, contextName: 'Market' });
        await settle();
        expect(given('context').map(({ data }) => data)).toEqual([{ px: 1 }, { px: 2 }]);
    });

    test('stays in the prop when a layout brings the component without it', async () => {
        await update({ px: 1 });
        listener();
        await show();
        await settle();
        await finish();
        await page.replace('Context', { id, contextName: 'Market' });
        expect(page.store.props(id).context).toMatchObject({ data: { px: 1 } });
        expect(deltas()).toEqual([{}]);
    });
});

describe('what callbacks write', () => {
    test('changes keys, or everything', async () => {
        await update({ a: 1, b: 2 });
        await show();
        await write({ update: { a: null, c: 3 } });
        expect(gateway.valueOf('Market')).toEqual({ b: 2, c: 3 });
        await write({ set: { d: 4 } });
        expect(gateway.valueOf('Market')).toEqual({ d: 4 });
        await write({ set: { e: 5 }, update: { f: 6 } });
        expect(gateway.valueOf('Market')).toEqual({ e: 5, f: 6 });
    });

    test('is carried out once for each write', async () => {
        await update({ n: 0 });
        await show();
        await settle();
        await write(...[1, 2, 3, 2].map((n) => ({ update: { n } })));
        await page.renderAgain();
        expect(own.sent.filter(({ type }) => type === 'update-context')).toHaveLength(4);
    });

    test('waits for the connection, in its order', async () => {
        page.add('Context', { id, contextName: 'Market', update: { a: 1 } });
        await page.show();
        await page.write(id, { update: { a: 2 } }, { update: { b: 1 } });
        await page.reconnect(client());
        await settle();
        expect(gateway.valueOf('Market')).toEqual({ a: 2, b: 1 });
    });

    test('tells why it was not carried out, until the next one is', async () => {
        await show();
        await write({ update: { 'EUR.USD': 1 } });
        await write({ set: [1] });
        await write({ update: { px: 1 } });
        const operation = {
            name: 'Market',
            type: 'ContextError',
            sequence: expect.any(Number),
        };
        expect(given('error')).toEqual([
            {
                ...operation,
                operation: 'update',
                message: expect.stringContaining('update cannot set the key "EUR.USD"'),
            },
            {
                ...operation,
                operation: 'set',
                message: 'The data of a context have to be a dict, not a list',
            },
            null,
        ]);
        expect(warnings).toHaveLength(2);
        expect(gateway.valueOf('Market')).toEqual({ px: 1 });
    });
});

describe('what cannot be used is told', () => {
    const RESERVED =
        'A Context cannot have the name "___channel___Red": names that begin with ___ are those of ' +
        'channels and windows, which have components of their own';

    test.each([
        [{ contextName: '___channel___Red' }, RESERVED],
        [{ contextName: '' }, 'A Context needs the name of a context, a non-empty string'],
        [{ contextName: 5 }, 'A Context needs the name of a context, a non-empty string'],
        [{ delivery: 'newest' }, 'delivery cannot be "newest": known are "every", "latest"'],
    ])('%j', async (props, message) => {
        await show(props);
        expect(given('error')).toEqual([{ message }]);
        expect(failures).toHaveLength(1);
    });

    test('and writes to it are, too', async () => {
        await show({ contextName: '___channel___Red' });
        await write({ update: { px: 1 } });
        expect(own.sent).toEqual([]);
        expect(warnings).toEqual([`dash_interop: Context ${id}: update failed: ${RESERVED}`]);
        await write({ contextName: 'Market' });
        expect(given('error')).toMatchObject([{ message: RESERVED }, { operation: 'update' }]);
    });

    test('where there is no root', async () => {
        page.add('Context', { id, contextName: 'Market' });
        await page.show(NO_ROOT);
        expect(given('error')).toEqual([{ message: NO_ROOT }]);
        expect(failures).toEqual([`dash_interop: Context ${id}: ${NO_ROOT}`]);
    });

    test('where the library of the page has no contexts', async () => {
        page.add('Context', { id, contextName: 'Market' });
        await page.show(new InteropClient(new FakeGateway().connect()));
        const message = 'This page has no contexts: its library was started without them';
        expect(given('error')).toEqual([{ message }]);
    });

    test('where a callback writes to what the library sets', async () => {
        await show();
        await write({ context: { data: { px: 9 } } });
        expect(warnings).toEqual([
            `dash_interop: Context ${id}: its context property is set by the library; what you ` +
                'wrote has no effect',
        ]);
    });
});
