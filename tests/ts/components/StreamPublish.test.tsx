// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InteropClient } from '../../../src/client/interop-client';
import StreamPublish from '../../../src/components/StreamPublish';
import { NO_ROOT } from '../../../src/dash/interop-context';
import { FakeDashPage } from '../support/fake-dash-page';
import { FakeGateway, type FakePage } from '../support/fake-interop';
import type { FakeStream, Frame } from '../support/fake-stream';

let own: FakePage;
let gateway: FakeGateway;
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
    serverAnswers({ accepts: null, returns: null });
    tests += 1;
    id = `publish-${tests}`;
    gateway = new FakeGateway();
    own = gateway.connect({ application: 'own' });
    page = new FakeDashPage({ StreamPublish });
});

afterEach(() => {
    page.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
});

/** What the Dash server says when it is asked about a signature. */
function serverAnswers(answer: object): void {
    vi.stubGlobal('fetch', async () => Response.json(answer));
}

/** Declares the callback that decides on requests. */
function decider(): void {
    page.store.callback({ inputs: [`${id}.request`], outputs: [`${id}.decision`] });
}

async function show(props: Record<string, any> = {}): Promise<HTMLElement> {
    page.add('StreamPublish', { id, definition: 'Prices', ...props });
    return page.show(new InteropClient(own, gateway.registrationOf));
}

/** The stream as core has it. */
function core(name = 'Prices'): FakeStream {
    return own.interop.stream(name);
}

/** Somebody asks to subscribe. */
async function ask(args: object = {}, instance = { peerId: 'other' }): Promise<() => void> {
    const { end } = core().ask({ arguments: args, instance });
    await page.settle();
    return end;
}

/** What callbacks got as `prop`, in order. */
function given(prop: string): any[] {
    return page.store.updates.filter(({ props }) => prop in props).map(({ props }) => props[prop]);
}

/** What went out, in order. */
function sent(...types: Frame['type'][]): Frame[] {
    return core().frames.filter(({ type }) => types.includes(type));
}

/** The callback that was requested last writes props, and ends. */
async function finish(outputs: Record<string, unknown> = {}): Promise<void> {
    const run = page.store.runs[page.store.runs.length - 1];
    const named = Object.entries(outputs).map(([prop, value]) => [`${id}.${prop}`, value]);
    await page.when(() => run.finish(Object.fromEntries(named)));
}

describe('offering', () => {
    test('happens when it is shown; it shows nothing itself', async () => {
        const container = await show({ definition: { name: 'Prices', accepts: 'string symbol' } });
        expect(container.innerHTML).toBe('');
        expect(own.interop.own).toMatchObject([{ name: 'Prices', supportsStreaming: true }]);
        expect(given('error')).toEqual([]);
    });

    test('waits for a connection', async () => {
        page.add('StreamPublish', { id, definition: 'Prices' });
        await page.show();
        expect(own.interop.log).toEqual([]);
        await page.reconnect(new InteropClient(own));
        expect(own.interop.own).toHaveLength(1);
    });

    test('rendering again, and equal definitions, change nothing', async () => {
        await show({ definition: { name: 'Prices' }, history: { size: 5 } });
        const before = [...own.interop.log];
        await page.write(id, { definition: { name: 'Prices' }, history: { size: 5 } });
        await page.renderAgain();
        expect(own.interop.log).toEqual(before);
    });

    test('a changed definition takes the place of the one before', async () => {
        await show({ definition: { name: 'Prices', description: 'old' } });
        await page.write(id, { definition: { name: 'Prices', description: 'new' } });
        expect(own.interop.own.map(({ description }) => description)).toEqual(['new']);
        await page.write(id, { definition: 'News' });
        expect(own.interop.own.map(({ name }) => name)).toEqual(['News']);
        expect(given('error')).toEqual([]);
    });

    test('ends when it is not active, and begins again', async () => {
        await show();
        await ask();
        await page.write(id, { active: false });
        expect(own.interop.own).toEqual([]);
        expect(given('subscriptionRemoved')).toHaveLength(1);
        expect(page.store.props(id).subscriptions).toEqual([]);
        await page.write(id, { active: true });
        expect(own.interop.own).toHaveLength(1);
    });

    test('ends when it leaves the layout, and tells nobody', async () => {
        await show();
        await ask();
        await page.remove(id);
        expect(own.interop.own).toEqual([]);
        expect(given('subscriptionRemoved')).toEqual([]);
    });

    test('one that comes back knows nothing of the one before', async () => {
        await show();
        await ask({ n: 1 });
        await page.remove(id);
        await page.putBack('StreamPublish', { id, definition: 'Prices' });
        await ask({ n: 2 });
        expect(page.store.props(id).subscriptions).toMatchObject([{ arguments: { n: 2 } }]);
        expect(given('subscriptionRemoved')).toEqual([]);
    });

    test('goes on when it is mounted anew', async () => {
        await show();
        await ask();
        const before = [...own.interop.log];
        await page.replace('StreamPublish', { id, definition: 'Prices' });
        expect(own.interop.log).toEqual(before);
        expect(page.store.props(id).subscriptions).toHaveLength(1);
    });
});

describe('an offer that cannot be made', () => {
    test.each([
        [{ definition: {} }, 'The definition needs a name, a non-empty string'],
        [{ requestTimeoutMs: 0 }, 'requestTimeoutMs has to be a positive number'],
        [{ history: 'all' }, 'history has to be a number of data or a dict with a size'],
    ])('of %j says why', async (props, message) => {
        await show(props);
        expect(page.store.props(id).error.message).toContain(message);
        expect(failures[0]).toContain(`dash_interop: StreamPublish ${id}: ${message}`);
        expect(own.interop.own).toEqual([]);
    });

    test('says why a signature is malformed', async () => {
        serverAnswers({ error: 'accepts: no type "strin"' });
        await show({ definition: { name: 'Prices', accepts: `strin ${id}` } });
        expect(page.store.props(id).error.message).toContain('no type "strin"');
        expect(own.interop.own).toEqual([]);
    });

    test('says that a name is taken, and that it is free again', async () => {
        await own.interop.register({ name: 'Prices' }, () => ({}));
        await show();
        expect(page.store.props(id).error.message).toContain('already exists');
        await page.write(id, { definition: 'News' });
        expect(page.store.props(id).error).toBeNull();
    });

    test('without a root says that it needs one', async () => {
        page.add('StreamPublish', { id, definition: 'Prices' });
        await page.show(NO_ROOT);
        expect(page.store.props(id).error).toEqual({ message: NO_ROOT });
        expect(failures).toEqual([`dash_interop: StreamPublish ${id}: ${NO_ROOT}`]);
    });

    test('of a root that is not connected is told by the root alone', async () => {
        page.add('StreamPublish', { id, definition: 'Prices' });
        await page.show('There is no connection: no licence');
        expect(page.store.props(id).error.message).toContain('no licence');
        expect(failures).toEqual([]);
    });

    test('is over when it is offered after its time', async () => {
        const client = new InteropClient(own, gateway.registrationOf);
        own.connection.goAway();
        page.add('StreamPublish', { id, definition: 'Prices' });
        await page.show(client);
        await page.settle(30_000);
        expect(page.store.props(id).error.message).toContain(
            'could not be offered within 30000 ms',
        );
        own.connection.comeBack();
        own.connection.announceAgain();
        await page.settle();
        expect(page.store.props(id).error).toBeNull();
    });
});

describe('requests', () => {
    test('are accepted as they come where no callback listens', async () => {
        await show();
        await ask({ symbol: 'EUR' });
        expect(given('request')).toEqual([]);
        expect(given('subscriptionAdded')).toMatchObject([
            { arguments: { symbol: 'EUR' }, branch: null, subscriber: { peerId: 'other' } },
        ]);
    });

    test('are accepted as they come with autoAccept, from when on it is set', async () => {
        decider();
        await show();
        await page.write(id, { autoAccept: true });
        await ask();
        expect(given('request')).toEqual([]);
        expect(given('subscriptionAdded')).toHaveLength(1);
    });

    test('that come while it leaves the layout are not accepted as they come', async () => {
        decider();
        await show();
        const stream = core();
        const leaving = page.remove(id);
        stream.ask();
        await leaving;
        // The gateway tells the one who asks that the stream is withdrawn.
        expect(stream.frames).toEqual([]);
    });

    test('are decided by the callback, and keep their id', async () => {
        decider();
        await show();
        await ask({ n: 1 });
        const [request] = given('request');
        expect(request).toMatchObject({ arguments: { n: 1 }, caller: { peerId: 'other' } });
        await finish({ decision: { requestId: request.requestId, branch: 'A' } });
        expect(given('subscriptionAdded')).toMatchObject([
            { subscriptionId: request.requestId, branch: 'A' },
        ]);
    });

    test('are rejected with the reason, and a list decides on several', async () => {
        decider();
        await show();
        await ask();
        const { requestId } = page.store.props(id).request;
        await finish({ decision: [{ requestId, reject: 'not you' }] });
        expect(sent('refused', 'accepted')).toMatchObject([{ type: 'refused', data: 'not you' }]);
        expect(given('subscriptionAdded')).toEqual([]);
    });

    test('are rejected in time, as the prop says then', async () => {
        decider();
        page.store.callback({ inputs: ['button.n_clicks'], outputs: [`${id}.decision`] });
        await show();
        await page.write(id, { requestTimeoutMs: 200 });
        await ask();
        await finish();
        await page.settle(199);
        expect(sent('refused')).toEqual([]);
        await page.settle(1);
        expect(sent('refused')[0].data).toContain(
            'did not decide on the subscription within 200 ms',
        );
    });

    test('end with a decision that cannot be read, which is told', async () => {
        decider();
        await show();
        await ask();
        const { requestId } = page.store.props(id).request;
        await finish({ decision: { requestId, acept: true } });
        const message = 'decision has an unknown key "acept": did you mean "accept"?';
        expect(page.store.props(id).error).toEqual({ message });
        expect(sent('refused')[0].data).toContain(message);
    });

    test('end with the stream, and a decision that comes then is nobody to blame for', async () => {
        decider();
        await show();
        await ask();
        const stream = core();
        const { requestId } = page.store.props(id).request;
        await page.write(id, { active: false });
        await page.settle(60_000);
        await finish({ decision: { requestId, accept: true } });
        // The gateway tells the one who asks that the stream is withdrawn.
        expect(stream.frames).toEqual([]);
        expect(given('error')).toEqual([]);
        expect(warnings).toEqual([]);
    });

    test('of one who has left are decided without a complaint', async () => {
        decider();
        await show();
        const other = gateway.connect();
        await ask({}, other.interop.instance as any);
        gateway.leave(other);
        const { requestId } = page.store.props(id).request;
        await finish({ decision: { requestId, accept: true } });
        expect(given('error')).toEqual([]);
        expect(given('subscriptionAdded')).toEqual([]);
    });
});

test('events that a layout brings again reach no callback', async () => {
    const events = ['request', 'subscriptionAdded', 'subscriptionRemoved'];
    decider();
    page.store.callback({ inputs: [`${id}.subscriptionAdded`] });
    page.store.callback({ inputs: [`${id}.subscriptionRemoved`] });
    await show();
    const leave = await ask();
    await finish({ decision: { requestId: page.store.props(id).request.requestId, accept: true } });
    await finish();
    leave();
    await page.settle();
    await finish();
    expect(events.map((event) => given(event).length)).toEqual([1, 1, 1]);
    const runs = page.store.runs.length;
    const children = [page.store.node(['props', 'children', 0]) as any];
    page.store.returnLayout(
        children,
        events.map((event) => `${id}.${event}`),
    );
    await page.settle();
    const repeated = page.store.runs.slice(runs);
    expect(repeated.map(({ stage }) => stage)).toEqual(['gone', 'gone', 'gone']);
});

describe('subscribers', () => {
    test('are told as they come and go, one after the other', async () => {
        page.store.callback({ inputs: [`${id}.subscriptionAdded`] });
        page.store.callback({ inputs: [`${id}.subscriptionRemoved`] });
        await show();
        const leave = await ask({ n: 1 });
        await ask({ n: 2 });
        leave();
        await page.settle();
        expect(given('subscriptionAdded')).toMatchObject([{ arguments: { n: 1 } }]);
        expect(given('subscriptionRemoved')).toEqual([]);
        await finish();
        await finish();
        expect(given('subscriptionAdded').map(({ arguments: { n } }) => n)).toEqual([1, 2]);
        expect(given('subscriptionRemoved')).toMatchObject([{ arguments: { n: 1 } }]);
    });

    test('are listed, with their branches', async () => {
        decider();
        await show();
        for (const branch of ['A', 'A', 'B']) {
            await ask();
            const { requestId } = page.store.props(id).request;
            await finish({ decision: { requestId, branch } });
        }
        await ask();
        await finish({
            decision: { requestId: page.store.props(id).request.requestId, accept: true },
        });
        const { subscriptions, branches } = page.store.props(id);
        expect(subscriptions.map(({ branch }: any) => branch)).toEqual(['A', 'A', 'B', null]);
        expect(branches).toEqual([
            { key: 'A', count: 2 },
            { key: 'B', count: 1 },
        ]);
    });

    test('are listed before the callback of the event runs', async () => {
        await show();
        await ask();
        const props = page.store.updates.flatMap((update) => Object.keys(update.props));
        expect(props).toEqual(['subscriptions', 'subscriptionAdded']);
    });

    test('are listed again where a callback overwrites the list', async () => {
        await show();
        await ask();
        await page.write(id, { subscriptions: [] });
        expect(page.store.props(id).subscriptions).toHaveLength(1);
        expect(warnings).toEqual([
            `dash_interop: StreamPublish ${id}: its subscriptions property is set by the library; what you wrote has no effect`,
        ]);
    });

    test('get a snapshot alone, in the same value as the decision, too', async () => {
        decider();
        await show();
        await ask();
        const { requestId } = page.store.props(id).request;
        await page.write(id, {
            snapshot: { subscriptionId: requestId, data: { n: 1 } },
            decision: { requestId, accept: true },
        });
        expect(sent('post')).toEqual([{ type: 'post', to: 's1', data: { n: 1 } }]);
        expect(given('error')).toEqual([]);
    });

    test('that have left get nothing, without a complaint', async () => {
        await show();
        const leave = await ask();
        const [{ subscriptionId }] = given('subscriptionAdded');
        leave();
        await page.write(id, {
            snapshot: { subscriptionId, data: {} },
            push: { subscriptionId, data: {} },
            close: { subscriptionId },
        });
        expect(sent('post', 'drop')).toEqual([]);
        expect(given('error')).toEqual([]);
    });

    test('are closed, one by one and by branches', async () => {
        decider();
        await show();
        for (const branch of ['A', 'B', 'B']) {
            await ask();
            const { requestId } = page.store.props(id).request;
            await finish({ decision: { requestId, branch } });
        }
        const [{ subscriptionId }] = given('subscriptionAdded');
        await page.write(id, { close: [{ subscriptionId }, { branch: 'B' }] });
        expect(sent('drop').map(({ to }) => to)).toEqual(['s1', 's2', 's3']);
        expect(given('subscriptionRemoved')).toHaveLength(3);
        expect(page.store.props(id).branches).toEqual([]);
    });
});

describe('pushing', () => {
    test('sends each value that is written, equal ones too', async () => {
        await show();
        await ask();
        const twice = () => ({ push: { data: { n: 1 } } });
        await page.write(id, twice(), { push: null }, twice());
        await page.write(id, { push: [{ data: { n: 2 } }, { data: { n: 3 } }] });
        expect(sent('publish').map(({ data }) => data.n)).toEqual([1, 1, 2, 3]);
    });

    test('goes on after an entry that is wrong, which is told', async () => {
        await show();
        await ask();
        await page.write(id, { push: [{ data: { n: 1 } }, 5, { data: { n: 2 } }] });
        expect(sent('publish').map(({ data }) => data.n)).toEqual([1, 2]);
        expect(page.store.props(id).error).toEqual({ message: 'push[1] has to be a dict, not 5' });
        expect(warnings).toEqual([
            `dash_interop: StreamPublish ${id}: push[1] has to be a dict, not 5`,
        ]);
        await page.write(id, { push: { data: { n: 3 } } });
        expect(page.store.props(id).error).toBeNull();
    });

    test('while it is not active is an error', async () => {
        await show({ active: false });
        await page.write(id, { push: { data: {} } });
        expect(page.store.props(id).error.message).toContain('active is False');
    });

    test('before the page is connected disturbs nobody', async () => {
        page.add('StreamPublish', { id, definition: 'Prices', push: { data: { n: 1 } } });
        await page.show();
        await page.reconnect(new InteropClient(own, gateway.registrationOf));
        await ask();
        expect(sent('publish')).toEqual([]);
        expect(given('error')).toEqual([]);
        expect(warnings).toEqual([]);
    });

    test.each([
        [5, 1],
        [undefined, 0],
    ])(
        'before the page is connected is kept, up to a limit, for a history of %j',
        async (history, told) => {
            const push = Array.from({ length: 10_001 }, (_, n) => ({ data: { n } }));
            page.add('StreamPublish', { id, definition: 'Prices', history, push });
            await page.show();
            expect(warnings.filter((warning) => warning.includes('more than 10000'))).toHaveLength(
                told,
            );
            expect(warnings).toHaveLength(told);
        },
    );
});
