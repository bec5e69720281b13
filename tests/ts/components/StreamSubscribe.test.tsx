// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InteropClient } from '../../../src/client/interop-client';
import StreamSubscribe from '../../../src/components/StreamSubscribe';
import { NO_ROOT } from '../../../src/dash/interop-context';
import { FakeDashPage } from '../support/fake-dash-page';
import { FakeGateway, type FakePage } from '../support/fake-interop';

let gateway: FakeGateway;
let own: FakePage;
let publisher: FakePage;
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
    id = `subscribe-${tests}`;
    gateway = new FakeGateway();
    own = gateway.connect({ application: 'own' });
    publisher = gateway.connect({ application: 'publisher' });
    publish();
    page = new FakeDashPage({ StreamSubscribe });
});

afterEach(() => {
    page.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    (window as any).dash_clientside = undefined;
});

function publish(name = 'Prices', handler = (request: any) => request.accept()): void {
    publisher.interop.createStream({ name }, { subscriptionRequestHandler: handler });
}

function client(): InteropClient {
    return new InteropClient(own, gateway.registrationOf, () => gateway.cancellation);
}

async function show(props: Record<string, any> = {}): Promise<HTMLElement> {
    page.add('StreamSubscribe', { id, definition: 'Prices', ...props });
    return page.show(client());
}

/** Declares a callback that has the data as Input. */
function listener(prop = 'data'): void {
    page.store.callback({ inputs: [`${id}.${prop}`] });
}

async function push(...numbers: number[]): Promise<void> {
    for (const n of numbers) {
        publisher.interop.push({ n, symbol: n % 2 ? 'odd' : 'even' });
    }
    await page.settle();
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

const numbers = () =>
    given('data').map((value) =>
        Array.isArray(value) ? value.map(({ data }) => data.n) : value.data.n,
    );
const states = () => given('status').map(({ state }) => state);

describe('the subscription', () => {
    test('is made when it is shown; it shows nothing itself', async () => {
        const container = await show({ arguments: { isin: 'X' }, target: 'all' });
        expect(container.innerHTML).toBe('');
        expect(given('status')).toEqual([
            {
                state: 'connecting',
                reason: null,
                gap: false,
                recovered: null,
                servers: [],
                lost: 0,
            },
            {
                state: 'open',
                reason: null,
                gap: false,
                recovered: null,
                servers: [expect.objectContaining({ application: 'publisher' })],
                lost: 0,
            },
        ]);
        expect(publisher.interop.subscribers[0].options.arguments).toEqual({ isin: 'X' });
        expect(given('error')).toEqual([]);
    });

    test('waits for a connection', async () => {
        page.add('StreamSubscribe', { id, definition: 'Prices' });
        await page.show();
        expect(states()).toEqual(['connecting']);
        await page.reconnect(client());
        expect(states()).toEqual(['connecting', 'open']);
    });

    test('without a root says so', async () => {
        page.add('StreamSubscribe', { id, definition: 'Prices' });
        await page.show(NO_ROOT);
        expect(given('error')).toEqual([{ message: NO_ROOT }]);
        expect(given('status')).toEqual([
            expect.objectContaining({ state: 'failed', reason: NO_ROOT }),
        ]);
        expect(failures).toEqual([`dash_interop: StreamSubscribe ${id}: ${NO_ROOT}`]);
    });

    test('equal props that are sent again change nothing', async () => {
        await show({ definition: { name: 'Prices' }, arguments: { isin: 'X' } });
        await page.write(id, { definition: { name: 'Prices' } }, { arguments: { isin: 'X' } });
        await page.write(id, { delivery: 'batch' }, { maxRate: 5 }, { waitTimeoutMs: 5 });
        await page.renderAgain();
        expect(own.interop.subscriptions).toHaveLength(1);
    });

    test.each([
        ['definition', 'Rates'],
        ['arguments', { isin: 'Y' }],
        ['target', 'all'],
    ])('another %s makes another one', async (prop, value) => {
        await show();
        publish('Rates');
        await page.write(id, { [prop]: value });
        expect(own.interop.subscriptions).toHaveLength(2);
        expect(publisher.interop.subscribers).toHaveLength(1);
        expect(states()).toEqual(['connecting', 'open', 'connecting', 'open']);
    });

    test('is closed by active=False, and made again', async () => {
        await show();
        await push(1);
        await page.write(id, { active: false });
        expect(publisher.interop.subscribers).toEqual([]);
        expect(given('status').pop()).toMatchObject({
            state: 'closed',
            reason: 'active is False',
        });
        await push(2);
        await page.write(id, { active: true });
        await push(3);
        expect(numbers()).toEqual([1, 3]);
        expect(given('data').map(({ sequence }) => sequence)).toEqual([1, 2]);
        expect(given('status').pop()).toMatchObject({ state: 'open', gap: false });
    });

    test('is closed when it leaves the layout', async () => {
        await show();
        await page.remove(id);
        expect(publisher.interop.subscribers).toEqual([]);
        await page.putBack('StreamSubscribe', { id, definition: 'Prices' });
        expect(publisher.interop.subscribers).toHaveLength(1);
        await push(1);
        expect(numbers()).toEqual([1]);
    });

    test('stays when a callback returns the component again', async () => {
        listener();
        await show();
        await push(1, 2);
        await page.replace('StreamSubscribe', { id, definition: 'Prices' });
        expect(own.interop.subscriptions).toHaveLength(1);
        await finish();
        expect(numbers()).toEqual([1, 2]);
    });

    test('keeps its status when a callback returns the component without it', async () => {
        await show();
        const [, open] = given('status');
        await page.replace('StreamSubscribe', { id, definition: 'Prices' });
        expect(page.store.props(id).status).toEqual(open);
        await page.renderAgain();
        expect(states()).toEqual(['connecting', 'open', 'open']);
    });

    test('each change of its status reaches the callbacks', async () => {
        listener('status');
        await show();
        gateway.cancel(publisher, { isAway: false, reason: 'enough' });
        await page.settle();
        for (let n = 0; n < 3; n += 1) {
            await finish();
        }
        expect(states()).toEqual(['connecting', 'open', 'closed']);
        expect(given('status').pop().reason).toBe('enough');
    });

    test('a rejection is told with its reason', async () => {
        publish('Secret', (request) => request.reject('not for you'));
        await show({ definition: 'Secret' });
        expect(given('status').pop()).toMatchObject({ state: 'rejected', reason: 'not for you' });
        expect(warnings).toEqual([`dash_interop: StreamSubscribe ${id}: rejected: not for you`]);
        await page.write(id, { arguments: { please: true } });
        expect(states()).toEqual(['connecting', 'rejected', 'connecting', 'rejected']);
    });
});

test('a stream that nobody offers is warned of', async () => {
    await show({ definition: 'Prizes', waitTimeoutMs: 200 });
    await page.settle(199);
    expect(warnings).toEqual([]);
    await page.settle(1);
    const reason = 'No server offers the stream Prizes for target "best" (waited 200 ms)';
    expect(warnings).toEqual([`dash_interop: StreamSubscribe ${id}: ${reason}`]);
    expect(given('status').pop()).toMatchObject({ state: 'connecting', reason });
});

describe('props that cannot be used', () => {
    test.each([
        [{ definition: {} }, 'The definition needs a name, a non-empty string'],
        [{ target: 'bst' }, 'Unknown target "bst": did you mean "best"?'],
        [{ arguments: [1] }, 'The arguments have to be a dict, not a list'],
        [
            { waitTimeoutMs: -1 },
            'waitTimeoutMs has to be a number of milliseconds, 0 or more, not -1',
        ],
        [{ delivery: 'lates' }, 'delivery cannot be "lates": did you mean "latest"?'],
        [{ delivery: 'batch', key: 'a' }, 'key is for delivery "latest", and delivery is "batch"'],
        [{ delivery: 'latest', key: 5 }, 'key has to be the name of a field, not 5'],
        [{ maxRate: 0 }, 'maxRate has to be a positive number of deliveries per second, not 0'],
        [{ maxRate: '5' }, 'maxRate has to be a positive number of deliveries per second, not "5"'],
        [{ maxWaiting: 0.5 }, 'maxWaiting has to be a whole number of data, 1 or more, not 0.5'],
        [
            { clientsideHandler: 'draw' },
            'clientsideHandler has to be a dict with a namespace and a function_name',
        ],
        [
            { clientsideHandler: { namespace: 'charts', functionName: 'draw' } },
            'clientsideHandler has an unknown key "functionName": did you mean "function_name"?',
        ],
        [
            { clientsideHandler: { namespace: 'charts' } },
            'clientsideHandler needs a function_name, a non-empty string',
        ],
    ])('%j', async (props, message) => {
        await show(props);
        expect(given('error')).toEqual([{ message }]);
        expect(given('status').pop()).toMatchObject({ state: 'failed', reason: message });
        expect(failures).toEqual([`dash_interop: StreamSubscribe ${id}: ${message}`]);
        expect(own.interop.subscriptions).toEqual([]);
        expect(warnings).toEqual([]);
    });

    test('are mended', async () => {
        await show({ maxRate: 0 });
        await page.write(id, { maxRate: 10 });
        expect(given('error')).toEqual([{ message: expect.any(String) }, null]);
        expect(states()).toEqual(['failed', 'connecting', 'open']);
    });

    test.each(['status', 'error'])('writing to %s has no effect, and a warning', async (prop) => {
        await show();
        await page.write(id, { [prop]: { state: 'mine' } });
        expect(warnings).toEqual([
            `dash_interop: StreamSubscribe ${id}: its ${prop} property is set by the library; what you wrote has no effect`,
        ]);
    });
});

describe('data settings that cannot be used', () => {
    test('leave those in use that were, and the subscription and its data as they are', async () => {
        listener();
        await show({ paused: true });
        await push(1, 2);
        await page.write(id, { maxRate: 0 });
        const message = 'maxRate has to be a positive number of deliveries per second, not 0';
        expect(given('error')).toEqual([{ message }]);
        expect(failures.join()).toContain(message);
        await page.write(id, { maxRate: null }, { paused: false });
        await finish();
        await finish();
        expect(numbers()).toEqual([1, 2]);
        expect(states()).toEqual(['connecting', 'open']);
        expect(given('error')).toEqual([{ message }, null]);
    });

    test('a key that data does not have is warned of, with the field that was meant', async () => {
        await show({ delivery: 'latest', key: 'symbl', paused: true });
        await push(1, 2);
        expect(warnings).toEqual([
            expect.stringContaining('data has no field "symbl" (key), so it replaces'),
        ]);
        expect(warnings[0]).toContain('did you mean "symbol"?');
    });

    test('a time that is longer than a timer can take does not keep the page busy', async () => {
        await show({ maxRate: 1e-9 });
        await push(1, 2);
        await page.settle(3_000_000);
        expect(numbers()).toEqual([1]);
    });

    test('active is True where it is None', async () => {
        await show({ active: null });
        expect(states()).toEqual(['connecting', 'open']);
    });
});

describe('data', () => {
    test('comes one by one, each after the callbacks of the one before', async () => {
        listener();
        await show({ arguments: { isin: 'X' } });
        await push(1, 2, 3);
        expect(numbers()).toEqual([1]);
        expect(given('data')[0]).toEqual({
            data: { n: 1, symbol: 'odd' },
            private: false,
            requestArguments: { isin: 'X' },
            server: expect.objectContaining({ application: 'publisher' }),
            sequence: 1,
        });
        await finish();
        expect(numbers()).toEqual([1, 2]);
        await finish();
        await finish();
        expect(numbers()).toEqual([1, 2, 3]);
        expect(page.store.runs).toHaveLength(3);
    });

    test('comes where nobody listens, too', async () => {
        await show();
        await push(1, 2, 3);
        expect(numbers()).toEqual([1, 2, 3]);
    });

    test('that is equal comes each time', async () => {
        listener();
        await show();
        await push(5, 5);
        await finish();
        await finish();
        expect(numbers()).toEqual([5, 5]);
        expect(page.store.runs).toHaveLength(2);
    });

    test('comes in batches', async () => {
        listener();
        await show({ delivery: 'batch' });
        await push(1, 2, 3);
        await finish();
        expect(numbers()).toEqual([[1], [2, 3]]);
    });

    test('is the latest, with the number of those it replaced', async () => {
        listener();
        await show({ delivery: 'latest' });
        await push(1, 2, 3, 4);
        await finish();
        expect(given('data').map(({ sequence, replaced }) => [sequence, replaced])).toEqual([
            [1, 0],
            [4, 2],
        ]);
    });

    test('is the latest of each key', async () => {
        listener();
        await show({ delivery: 'latest', key: 'symbol' });
        await push(1, 2, 3, 4, 5);
        await finish();
        expect(numbers()).toEqual([[1], [4, 5]]);
        expect(given('data')[1].map(({ replaced }: any) => replaced)).toEqual([1, 1]);
    });

    test('comes no faster than maxRate', async () => {
        await show({ maxRate: 10, delivery: 'batch' });
        await push(1, 2);
        expect(numbers()).toEqual([[1]]);
        await page.settle(99);
        expect(numbers()).toHaveLength(1);
        await page.settle(1);
        expect(numbers()).toEqual([[1], [2]]);
    });

    test('another maxRate counts at once', async () => {
        await show({ maxRate: 0.01 });
        await push(1, 2);
        await page.write(id, { maxRate: null });
        expect(numbers()).toEqual([1, 2]);
    });

    test('is kept while it is paused', async () => {
        await show({ paused: true });
        await push(1, 2);
        expect(numbers()).toEqual([]);
        expect(states()).toEqual(['connecting', 'open']);
        await page.write(id, { paused: false });
        expect(numbers()).toEqual([1, 2]);
    });

    test('over maxWaiting is lost, counted and warned of', async () => {
        listener();
        await show({ maxWaiting: 2 });
        await push(1, 2, 3, 4, 5);
        await page.settle(1000);
        expect(given('status').pop()).toMatchObject({ state: 'open', lost: 2 });
        expect(warnings).toEqual([expect.stringContaining('more than 2 data wait')]);
        for (let n = 0; n < 3; n += 1) {
            await finish();
        }
        expect(numbers()).toEqual([1, 4, 5]);
        await push(6);
        await page.settle(2000);
        expect(states()).toEqual(['connecting', 'open', 'open']);
    });

    test('that waits is still delivered when the publisher has closed', async () => {
        listener();
        await show();
        await push(1, 2);
        gateway.cancel(publisher, { isAway: false, reason: undefined });
        await finish();
        expect(numbers()).toEqual([1, 2]);
        expect(states()).toEqual(['connecting', 'open', 'closed']);
    });

    test('that waits is dropped with the subscription', async () => {
        listener();
        await show();
        await push(1, 2);
        await page.write(id, { arguments: { isin: 'Y' } });
        await push(3);
        await finish();
        expect(numbers()).toEqual([1, 3]);
    });

    test('waits for a Dash server that is away', async () => {
        listener();
        let answers = false;
        vi.stubGlobal('fetch', async () =>
            answers
                ? new Response('[]', { headers: { 'Content-Type': 'application/json' } })
                : Promise.reject(new TypeError('Failed to fetch')),
        );
        await show();
        await push(1, 2);
        const gone = new Error('Callback failed: the server did not respond.');
        await page.when(() => page.store.runs[0].fail(gone));
        await page.settle(10_000);
        expect(numbers()).toEqual([1]);
        expect(warnings).toEqual([
            expect.stringContaining('so 1 data may not have been handled (status["lost"])'),
        ]);
        expect(given('status').pop()).toMatchObject({ state: 'open', lost: 1 });
        answers = true;
        await page.settle(60_000);
        expect(numbers()).toEqual([1, 2]);
    });
});

describe('a clientside handler', () => {
    const clientsideHandler = { namespace: 'charts', function_name: 'draw' };

    function provide(draw: (value: any) => unknown): void {
        (window as any).dash_clientside = { charts: { draw } };
    }

    test('gets what data would be, and data stays as it is', async () => {
        const drawn: any[] = [];
        provide((value) => drawn.push(value));
        await show({ clientsideHandler });
        await push(1, 2);
        expect(drawn.map(({ data, sequence }) => [data.n, sequence])).toEqual([
            [1, 1],
            [2, 2],
        ]);
        expect(given('data')).toEqual([]);
        await page.write(id, { delivery: 'batch' });
        await push(3);
        expect(drawn[2]).toEqual([expect.objectContaining({ sequence: 3 })]);
    });

    test('is called when its promise has ended', async () => {
        const ends: (() => void)[] = [];
        const drawn: number[] = [];
        provide(({ data }) => {
            drawn.push(data.n);
            return new Promise<void>((resolve) => ends.push(resolve));
        });
        await show({ clientsideHandler });
        await push(1, 2);
        expect(drawn).toEqual([1]);
        ends[0]();
        await page.settle();
        expect(drawn).toEqual([1, 2]);
    });

    test('that throws says so, and gets the next value', async () => {
        const drawn: number[] = [];
        provide(({ data }) => {
            drawn.push(data.n);
            throw new Error(`no chart (${id})`);
        });
        await show({ clientsideHandler });
        await push(1, 2);
        expect(drawn).toEqual([1, 2]);
        expect(given('error')).toEqual([{ message: `no chart (${id})` }]);
        expect(failures).toEqual([`dash_interop: StreamSubscribe ${id}: no chart (${id})`]);
    });

    test('whose promise does not end holds the next value up for a while only', async () => {
        const drawn: number[] = [];
        provide(({ data }) => {
            drawn.push(data.n);
            return data.n === 1 ? new Promise(() => {}) : undefined;
        });
        await show({ clientsideHandler });
        await push(1, 2);
        expect(drawn).toEqual([1]);
        await page.settle(300_000);
        expect(drawn).toEqual([1, 2]);
        expect(failures.join()).toContain('clientsideHandler has not ended within 300000 ms');
    });

    test('that works again has no error', async () => {
        provide(({ data }) => {
            if (data.n === 1) {
                throw new Error(`no chart yet (${id})`);
            }
        });
        await show({ clientsideHandler });
        await push(1, 2);
        expect(given('error')).toEqual([{ message: `no chart yet (${id})` }, null]);
    });

    test('may be loaded later', async () => {
        const drawn: number[] = [];
        await show({ clientsideHandler });
        await push(1, 2);
        await page.settle(1_000);
        provide(({ data }) => drawn.push(data.n));
        await page.settle(100);
        expect(drawn).toEqual([1, 2]);
        expect(failures).toEqual([]);
    });

    test.each([
        [
            undefined,
            'clientsideHandler: window.dash_clientside has no namespace "charts". Is the file that has it among the app\'s assets?',
        ],
        [
            { drow: () => {} },
            'clientsideHandler: window.dash_clientside.charts has no function "draw": did you mean "drow"?',
        ],
    ])('that is missing is named: %j', async (charts, message) => {
        (window as any).dash_clientside = { charts };
        await show({ clientsideHandler });
        await push(1, 2, 3);
        await page.settle(7_000);
        expect(given('error')).toEqual([{ message }]);
        expect(given('status').pop()).toMatchObject({ lost: 3 });
        expect(failures).toEqual([`dash_interop: StreamSubscribe ${id}: ${message}`]);
    });
});
