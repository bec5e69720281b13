// @vitest-environment jsdom

import { act } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Tunnel as PageTunnel } from '../../../dash_interop/dash_interop.d.ts';
import Tunnel from '../../../src/components/Tunnel';
import { publishTunnels, tunnels } from '../../../src/dash/page-tunnels';
import { FakeDashPage } from '../support/fake-dash-page';

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
    tests += 1;
    id = `tunnel-${tests}`;
    page = new FakeDashPage({ Tunnel });
});

afterEach(() => {
    page.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
});

async function show(props: Record<string, any> = {}): Promise<PageTunnel> {
    page.add('Tunnel', { id, ...props });
    await page.show();
    return tunnels.get(id);
}

/** Declares the callback that gets what the page sends. */
function receiver(): void {
    page.store.callback({ inputs: [`${id}.message`], outputs: [`${id}.answer`] });
}

/** What callbacks got as `prop`, in order. */
function given(prop: string): any[] {
    return page.store.updates.filter(({ props }) => prop in props).map(({ props }) => props[prop]);
}

/** The callback that was requested last writes props, and ends. */
async function finish(outputs: Record<string, unknown> = {}): Promise<void> {
    const run = page.store.runs[page.store.runs.length - 1];
    const named = Object.entries(outputs).map(([prop, value]) => [`${id}.${prop}`, value]);
    await page.when(() => run.finish(Object.fromEntries(named)));
}

/** Dash sends the callback that was requested last to the server. */
async function start(): Promise<void> {
    await page.when(async () => page.store.runs[page.store.runs.length - 1].start());
}

/** Asks; the array gets what that comes to. */
function ask(tunnel: PageTunnel, value: unknown, options = {}): any[] {
    const outcome: any[] = [];
    tunnel.request(value, options).then(
        (answer) => outcome.push(answer),
        ({ type, message }) => outcome.push([type, message]),
    );
    return outcome;
}

/** What the page hears from now on. */
function heard(tunnel: PageTunnel): any[] {
    const got: any[] = [];
    tunnel.on_receive((version, message) => got.push([version, message]));
    return got;
}

describe('what the page sends', () => {
    test('reaches callbacks one by one, when those of the one before have ended', async () => {
        receiver();
        const tunnel = await show();
        tunnel.send_msg('a');
        tunnel.send_msg({ b: 1 });
        await page.settle();
        expect(given('message')).toEqual([{ version: 1, data: 'a', requestId: null, sequence: 1 }]);
        await finish();
        expect(given('message')[1]).toEqual({
            version: 2,
            data: { b: 1 },
            requestId: null,
            sequence: 2,
        });
        expect(page.store.props(id).error).toBeUndefined();
    });

    test('reaches them in batches of what waits, in order', async () => {
        receiver();
        const tunnel = await show({ batch: true });
        for (let n = 1; n <= 3; n += 1) {
            tunnel.send_msg(n);
        }
        await page.settle();
        tunnel.send_msg(4);
        tunnel.send_msg(5);
        await finish();
        const data = given('message').map((list) => list.map((one: any) => one.data));
        expect(data).toEqual([
            [1, 2, 3],
            [4, 5],
        ]);
    });

    test('before there is a component waits for it', async () => {
        receiver();
        const early = tunnels.get(id);
        early.send_msg('early');
        let mounted: unknown;
        tunnels.when(id).then((tunnel) => {
            mounted = tunnel;
        });
        await page.settle();
        expect(mounted).toBeUndefined();
        expect(await show()).toBe(early);
        expect(mounted).toBe(early);
        expect(given('message')).toMatchObject([{ data: 'early' }]);
    });

    test('and no callback takes is told', async () => {
        const tunnel = await show();
        tunnel.send_msg('a');
        await page.settle();
        const message =
            'a message may not have been handled: No callback has the message property of the Tunnel as Input';
        expect(page.store.props(id).error).toMatchObject({ message });
        expect(warnings).toEqual([`dash_interop: Tunnel ${id}: ${message}`]);
    });

    test('and a callback fails to handle is told, and the rest goes on', async () => {
        receiver();
        const tunnel = await show();
        tunnel.send_msg('a');
        tunnel.send_msg('b');
        await page.settle();
        await page.when(() => page.store.runs[0].fail());
        expect(page.store.props(id).error.message).toContain('with 500: its log says why');
        expect(given('message')).toHaveLength(2);
    });
});

describe('requests', () => {
    test('get their answers, also when these come in a list', async () => {
        receiver();
        const tunnel = await show({ batch: true });
        const outcomes = [ask(tunnel, 'a'), ask(tunnel, 'b'), ask(tunnel, 'c')];
        await page.settle();
        const [a, b, c] = given('message')[0].map((one: any) => one.requestId);
        await finish({
            answer: [
                { requestId: c, error: { message: 'KeyError: 1', type: 'KeyError' } },
                { requestId: a, data: 1 },
                { requestId: b, data: null },
            ],
        });
        expect(outcomes).toEqual([[1], [null], [['HandlerFailed', 'KeyError: 1']]]);
        expect(failures).toEqual([]);
    });

    test('are answered by their version, too', async () => {
        receiver();
        page.store.callback({ inputs: [`${id}.message`], outputs: [`${id}.send`] });
        const tunnel = await show();
        const got = heard(tunnel);
        const outcome = ask(tunnel, 'a');
        await page.settle();
        await page.write(id, { send: { data: 'x', version: 1 } });
        expect(outcome).toEqual(['x']);
        expect(got).toEqual([]);
    });

    test('are answered once: what comes with their version then is a message', async () => {
        receiver();
        const tunnel = await show();
        const got = heard(tunnel);
        const outcome = ask(tunnel, 'a');
        await page.settle();
        await finish({ answer: { requestId: given('message')[0].requestId, data: 1 } });
        await page.write(id, { send: { data: 'x', version: 1 } });
        expect([outcome, got]).toEqual([[1], [[1, 'x']]]);
    });

    test('fail when the callbacks end without an answer', async () => {
        receiver();
        const tunnel = await show();
        const outcome = ask(tunnel, 'a');
        await page.settle();
        await finish();
        expect(outcome).toEqual([['NoResult', 'The receiver returned no answer']]);
    });

    test('fail with the words of the failure when a callback does', async () => {
        receiver();
        const tunnel = await show();
        const outcome = ask(tunnel, 'a');
        await page.settle();
        await page.when(() => page.store.runs[0].fail());
        expect(outcome).toMatchObject([['NoResult', expect.stringContaining('with 500')]]);
    });

    test('say which answer came in place of theirs', async () => {
        receiver();
        const tunnel = await show();
        const outcome = ask(tunnel, 'a');
        await page.settle();
        await finish({ answer: { requestId: 'other', data: 1 } });
        expect(outcome[0][1]).toBe(
            'The receiver answered with the requestId "other" instead of the request\'s requestId',
        );
        expect(page.store.props(id).error.message).toContain('no such request is waiting');
    });

    test('wait for a callback that a click triggers, and keep none waiting', async () => {
        receiver();
        page.store.callback({ inputs: ['button.n_clicks'], outputs: [`${id}.answer`] });
        const tunnel = await show();
        const outcomes = [ask(tunnel, 'a'), ask(tunnel, 'b')];
        await page.settle();
        await finish();
        await finish();
        expect(given('message')).toHaveLength(2);
        expect(outcomes).toEqual([[], []]);
        const [a, b] = given('message').map((one) => one.requestId);
        await page.write(id, { answer: { requestId: b, data: 'B' } });
        await page.write(id, { answer: { requestId: a, data: 'A' } });
        expect(outcomes).toEqual([['A'], ['B']]);
    });

    test('that do not count any more give way, and their answers are nobody’s', async () => {
        receiver();
        const tunnel = await show();
        const outcomes = [
            ask(tunnel, 'a', { newestOnly: true }),
            ask(tunnel, 'late', { timeoutMs: 50 }),
        ];
        await page.settle();
        const [{ requestId }] = given('message');
        await start();
        outcomes.push(ask(tunnel, 'ab', { newestOnly: true }));
        await page.settle();
        expect(given('message').map(({ data }) => data)).toEqual(['a', 'late']);
        await start();
        await page.settle(50);
        expect(given('message').map(({ data }) => data)).toEqual(['a', 'late', 'ab']);
        await page.write(id, { answer: { requestId, data: 'A' } });
        await finish({ answer: { requestId: given('message')[2].requestId, data: 'AB' } });
        expect(outcomes.map(([outcome]) => outcome?.[0])).toEqual(['Superseded', 'Timeout', 'A']);
        expect(outcomes[2]).toEqual(['AB']);
        expect(warnings).toEqual([]);
        expect(page.store.props(id).error).toBeUndefined();
    });

    test('beside which a message is handled do not stop it', async () => {
        receiver();
        const tunnel = await show({ batch: true });
        const outcome = ask(tunnel, 'a', { timeoutMs: 50 });
        tunnel.send_msg('b');
        await page.settle();
        await start();
        await page.settle(60);
        expect(outcome).toMatchObject([['Timeout', 'There was no answer within 50 ms']]);
        tunnel.send_msg('c');
        await page.settle();
        expect(given('message')).toHaveLength(1);
        await finish();
        expect(given('message')).toHaveLength(2);
    });

    test('end with the component, and so does the tunnel', async () => {
        receiver();
        const tunnel = await show({ batch: true });
        const outcomes = [ask(tunnel, 'a'), ask(tunnel, 'b')];
        tunnel.send_msg('c');
        await page.settle();
        act(() => page.store.remove(id));
        // Dash takes back the callbacks of what is gone.
        page.store.runs[0].move('gone');
        await page.settle();
        const ended = ['Ended', 'The Tunnel was removed from the layout'];
        expect(outcomes).toEqual([[ended], [ended]]);
        expect(() => tunnel.send_msg('c')).toThrow(ended[1]);
        expect(tunnels.get(id)).not.toBe(tunnel);
        expect(warnings).toEqual([]);
    });

    test('and messages that fail as the component goes are no fault', async () => {
        receiver();
        const tunnel = await show();
        tunnel.send_msg('a');
        await page.settle();
        act(() => page.store.remove(id));
        await page.when(() => page.store.runs[0].fail());
        expect(warnings).toEqual([]);
    });

    test('are answered by a component that comes back', async () => {
        receiver();
        const first = await show();
        await page.remove(id);
        const second = tunnels.get(id);
        const outcome = ask(second, 'a');
        await page.putBack('Tunnel', { id });
        expect(tunnels.get(id)).toBe(second);
        expect(second).not.toBe(first);
        await finish({ answer: { requestId: given('message')[0].requestId, data: 1 } });
        expect(outcome).toEqual([1]);
    });

    test('outlive that the component is mounted anew', async () => {
        receiver();
        const tunnel = await show();
        const outcome = ask(tunnel, 'a');
        await page.settle();
        await page.replace('Tunnel', { ...page.store.props(id) });
        expect(tunnels.get(id)).toBe(tunnel);
        await finish({ answer: { requestId: given('message')[0].requestId, data: 1 } });
        expect(outcome).toEqual([1]);
    });
});

describe('a Dash server that is away', () => {
    const away = () => new Response(null, { status: 503 });

    test('gets nothing more, until it answers', async () => {
        receiver();
        let answers = false;
        const asked = vi.fn(async () => (answers ? Response.json([]) : away()));
        vi.stubGlobal('fetch', asked);
        const tunnel = await show();
        for (const n of [1, 2, 3]) {
            tunnel.send_msg(n);
        }
        const outcome = ask(tunnel, 'a', { timeoutMs: 5000 });
        await page.settle();
        await page.when(() => page.store.runs[0].fail(away()));
        await page.settle(6000);
        expect(asked).toHaveBeenCalled();
        expect(given('message')).toHaveLength(1);
        expect(outcome[0][1]).toBe(
            'The request waited 5000 ms and was not sent: the Dash server does not answer',
        );
        answers = true;
        await page.settle(60_000);
        expect(given('message')).toHaveLength(2);
        await finish();
        expect(given('message').map(({ data }) => data)).toEqual([1, 2, 3]);
    });
});

describe('what callbacks send', () => {
    test('reaches the page, each once, also what is alike', async () => {
        const tunnel = await show();
        const got = heard(tunnel);
        await page.write(id, { send: 'x' }, { send: 'x' });
        await page.write(id, { send: 'x' });
        await page.write(id, { send: [1, { data: [2] }, { data: { a: null } }] });
        await page.renderAgain();
        expect(got).toEqual([
            [1, 'x'],
            [2, 'x'],
            [3, 'x'],
            [4, 1],
            [5, [2]],
            [6, { a: null }],
        ]);
    });

    test('with the layout waits until somebody listens, and is sent once', async () => {
        const tunnel = await show({ send: 'welcome' });
        await page.settle(1000);
        await page.replace('Tunnel', { ...page.store.props(id) });
        const got = heard(tunnel);
        await page.settle();
        expect(got).toEqual([[1, 'welcome']]);
    });

    test('goes on from the version that the page has reached', async () => {
        receiver();
        const tunnel = await show();
        const got = heard(tunnel);
        tunnel.send_msg('a');
        await page.settle();
        await finish();
        await page.write(id, { send: 'x' });
        expect(got).toEqual([[2, 'x']]);
        expect(tunnel.send_msg('b')).toBe(3);
    });

    test('is not sent where it is stale, and counted', async () => {
        const tunnel = await show();
        const got = heard(tunnel);
        for (const version of [2, 1, 3]) {
            await page.write(id, { send: { data: `answer ${version}`, version } });
        }
        await page.write(id, { answer: { version: 2, data: 'answer 2 again' } });
        expect(got).toEqual([
            [2, 'answer 2'],
            [3, 'answer 3'],
        ]);
        expect(page.store.props(id).stale).toBe(2);
    });

    test('tells of a message that its receiver failed to handle', async () => {
        receiver();
        const tunnel = await show();
        tunnel.send_msg('a');
        await page.settle();
        await finish({ answer: { version: 1, error: { message: 'KeyError: 1' } } });
        const message = 'the receiver of the message with version 1 failed: KeyError: 1';
        expect(page.store.props(id).error.message).toBe(message);
        await page.write(id, { send: 'x' });
        expect(page.store.props(id).error).toBeNull();
    });

    test('goes to the others when one of them cannot be read', async () => {
        const tunnel = await show();
        const got = heard(tunnel);
        await page.write(id, { send: ['a', { b: 1 }, 'c'] });
        expect(got).toEqual([
            [1, 'a'],
            [2, 'c'],
        ]);
        expect(page.store.props(id).error.message).toBe(
            'send[1] has no "data"; a dict is sent as {"data": {...}}',
        );
    });
});

test('a message that a layout brings again reaches no callback', async () => {
    receiver();
    const tunnel = await show();
    tunnel.send_msg('a');
    await page.settle();
    await finish();
    const runs = page.store.runs.length;
    await page.when(async () => {
        const layout = [{ type: 'Tunnel', props: { ...page.store.props(id) } }];
        page.store.returnLayout(layout, [`${id}.message`]);
    });
    expect(page.store.runs.slice(runs).map(({ stage }) => stage)).toEqual(['gone']);
});

test('a component without an id is told', async () => {
    page.add('Tunnel', {});
    await page.show();
    expect(failures).toEqual([
        'dash_interop: Tunnel: it needs an id, by which JavaScript and callbacks find it',
    ]);
});

test('who writes to what the library sets is told', async () => {
    await show();
    await page.write(id, { stale: 5 });
    expect(warnings.join()).toContain('its stale property is set by the library');
});

describe('the tunnels of a page', () => {
    test('are found by an id that is a pattern, in any order of its keys', () => {
        const tunnel = tunnels.get({ type: 't', index: 1 });
        expect(tunnels.get({ index: 1, type: 't' })).toBe(tunnel);
        expect(tunnels.get('{"index":1,"type":"t"}')).toBe(tunnel);
        expect(tunnels.get({ index: 2, type: 't' })).not.toBe(tunnel);
    });

    test.each([[undefined], [null], [5]])('%s is no id', (given: any) => {
        expect(() => tunnels.get(given)).toThrow('The id of a Tunnel is a text or an object');
    });

    test('are those of ipycallback, unless the page has it', () => {
        publishTunnels();
        expect(window.IPyCallback.get('a')).toBe(tunnels.get('a'));
        const own = { get: vi.fn() };
        window.IPyCallback = own;
        publishTunnels();
        expect(window.IPyCallback).toBe(own);
    });
});
