import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Tunnel } from '../../../dash_interop/dash_interop.d.ts';
import type { Endpoint } from '../../../src/tunnel/endpoint';
import { type Connector, TunnelRegistry } from '../../../src/tunnel/registry';

let tunnels: TunnelRegistry;
let failures: unknown[];

beforeEach(() => {
    vi.useFakeTimers();
    failures = [];
    tunnels = new TunnelRegistry({
        absence: (id) => `nothing is called ${id}`,
        failed: (error) => failures.push(error),
    });
});

afterEach(() => {
    vi.useRealTimers();
});

function connector(more: Partial<Connector> = {}): Connector {
    return { wake: () => {}, obstacle: () => undefined, cancel: () => {}, ...more };
}

/** What a tunnel does is what its endpoint does. */
function dataOf(endpoint: Endpoint): unknown[] {
    return endpoint.take().map((frame: any) => frame.data);
}

test('a tunnel is the same one before and after it is connected', () => {
    const before = tunnels.get('a');
    const { endpoint } = tunnels.connect('a', connector());
    expect(tunnels.get('a')).toBe(before);
    expect(tunnels.get('b')).not.toBe(before);
    expect(before.id).toBe('a');
    before.send_msg('x');
    expect(dataOf(endpoint)).toEqual(['x']);
});

test('what is sent before it is connected waits, and is announced then', () => {
    tunnels.get('a').send_msg('x');
    const wake = vi.fn();
    const { endpoint } = tunnels.connect('a', connector({ wake }));
    expect(wake).toHaveBeenCalledOnce();
    tunnels.get('a').send_msg('y');
    expect(wake).toHaveBeenCalledTimes(2);
    expect(dataOf(endpoint)).toEqual(['x', 'y']);
});

test('"when" waits for the connection', async () => {
    let found: Tunnel | undefined;
    tunnels.when('a').then((tunnel) => {
        found = tunnel;
    });
    await vi.advanceTimersByTimeAsync(1000);
    expect(found).toBeUndefined();
    tunnels.connect('a', connector());
    await vi.advanceTimersByTimeAsync(0);
    expect(found).toBe(tunnels.get('a'));
    expect(await tunnels.when('a')).toBe(found);
});

test('its end takes it out, and the next one of the id is another', async () => {
    const first = tunnels.get('a');
    const { end } = tunnels.connect('a', connector());
    end('It was removed');
    expect(() => first.send_msg('x')).toThrow('It was removed');
    const second = tunnels.get('a');
    expect(second).not.toBe(first);
    expect(second.send_msg('x')).toBe(1);
    end('It was removed again');
    expect(tunnels.get('a')).toBe(second);
    const found = vi.fn();
    tunnels.when('a').then(found);
    await vi.advanceTimersByTimeAsync(0);
    expect(found).not.toHaveBeenCalled();
});

test('a request that cannot be sent says why', async () => {
    const reasons: string[] = [];
    const ask = (id: string) =>
        tunnels
            .get(id)
            .request('q', { timeoutMs: 10 })
            .catch(({ message }) => reasons.push(message));
    ask('a');
    ask('b');
    tunnels.connect('b', connector({ obstacle: () => 'the server is away' }));
    await vi.advanceTimersByTimeAsync(10);
    const words = 'The request waited 10 ms and was not sent:';
    expect(reasons).toEqual([`${words} nothing is called a`, `${words} the server is away`]);
});

test('whoever connects it hears of requests that were given up', async () => {
    const cancel = vi.fn();
    const { endpoint } = tunnels.connect('a', connector({ cancel }));
    const abort = new AbortController();
    const answer = tunnels.get('a').request('q', { signal: abort.signal });
    const [{ requestId }] = endpoint.take() as any[];
    abort.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    expect(cancel).toHaveBeenCalledExactlyOnceWith(requestId);
});

test('what a listener throws is told to the page', () => {
    const { endpoint } = tunnels.connect('a', connector());
    const error = new Error('broken');
    tunnels.get('a').on_receive(() => {
        throw error;
    });
    endpoint.receive({ type: 'message', version: 3, data: 'x' });
    expect(failures).toEqual([error]);
});

test('a tunnel has all of the API', async () => {
    const tunnel = tunnels.get('a');
    const { endpoint } = tunnels.connect('a', connector());
    const heard = vi.fn();
    tunnel.on_request((value, version) => [value, version]);
    const stop = tunnel.listen(heard);
    endpoint.receive({ type: 'message', version: 5, data: 'x' });
    stop();
    endpoint.receive({ type: 'request', version: 6, data: 'q', requestId: 'p' });
    await vi.advanceTimersByTimeAsync(0);
    expect(heard.mock.calls).toEqual([[5, 'x']]);
    expect(dataOf(endpoint)).toEqual([['q', 6]]);
    expect(tunnel.version).toBe(6);
    expect(tunnel.send_msg_with_version(4, 'd')).toBe(true);
    expect(tunnel.send_msg_with_version(3, 'c')).toBe(false);
    expect(tunnel.stale).toBe(1);
});
