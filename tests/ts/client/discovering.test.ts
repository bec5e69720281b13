import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Discovery } from '../../../src/client/discovering';
import { InteropClient } from '../../../src/client/interop-client';
import type { OfferFilter } from '../../../src/client/offer-filter';
import { FakeGateway, type FakePage } from '../support/fake-interop';

let gateway: FakeGateway;
let own: FakePage;
let client: InteropClient;
/** Events as words: `serverMethodAdded Sum at app`. */
let told: string[];

beforeEach(() => {
    vi.useFakeTimers();
    gateway = new FakeGateway();
    own = gateway.connect({ application: 'own' });
    client = new InteropClient(own, gateway.registrationOf);
    told = [];
});

afterEach(() => {
    vi.useRealTimers();
});

function discover(filter: OfferFilter = {}): Discovery {
    const discovery = client.discover((events) => {
        for (const { type, method, server } of events) {
            const place = server ? `at ${server.application}` : '';
            told.push([type, method?.name, place].filter(Boolean).join(' '));
        }
    });
    discovery.see(filter);
    return discovery;
}

function heard(): string[] {
    return told.splice(0);
}

describe('what is there', () => {
    test('is told at once, as if it came now, and not again when core repeats it', async () => {
        await gateway.offer('a');
        const discovery = discover();
        expect(heard()).toEqual([
            'serverAdded at a',
            'methodAdded Sum',
            'serverMethodAdded Sum at a',
        ]);
        expect(discovery.methods).toEqual([{ name: 'Sum', supportsStreaming: false }]);
        await vi.runAllTimersAsync();
        expect(heard()).toEqual([]);
    });

    test('is not there any more when core repeats what has gone meanwhile', async () => {
        const page = await gateway.offer('a');
        const discovery = discover();
        gateway.leave(page);
        heard();
        await vi.runAllTimersAsync();
        expect(heard()).toEqual([]);
        expect(discovery.methods).toEqual([]);
        expect(discovery.servers).toEqual([]);
    });

    test('is told to a second listener, too', async () => {
        discover();
        await gateway.offer('a');
        heard();
        discover();
        expect(heard()).toHaveLength(3);
    });

    test('is what this page offers, among others', async () => {
        await client.register('Own', () => {});
        const { servers } = discover();
        expect(servers).toEqual([client.instance]);
    });

    test('leaves pages out that offer nothing', async () => {
        gateway.connect({ application: 'empty' });
        expect(discover().servers).toEqual([]);
        expect(heard()).toEqual([]);
    });
});

describe('what happens', () => {
    test('is told in order: an app comes, offers a second method, withdraws one, and goes', async () => {
        discover();
        const page = await gateway.offer('a');
        await page.interop.register({ name: 'Product' }, () => {});
        expect(heard()).toEqual([
            'serverAdded at a',
            'methodAdded Sum',
            'serverMethodAdded Sum at a',
            'methodAdded Product',
            'serverMethodAdded Product at a',
        ]);
        await page.interop.unregister('Sum');
        expect(heard()).toEqual(['methodRemoved Sum', 'serverMethodRemoved Sum at a']);
        gateway.leave(page);
        expect(heard()).toEqual([
            'methodRemoved Product',
            'serverMethodRemoved Product at a',
            'serverRemoved at a',
        ]);
    });

    test('is told also when it is undone in the same turn', async () => {
        const page = await gateway.offer('a');
        discover();
        heard();
        const [method] = page.interop.own;
        gateway.withdraw(page, method);
        gateway.announce(page, method);
        expect(heard()).toEqual([
            'methodRemoved Sum',
            'serverMethodRemoved Sum at a',
            'serverRemoved at a',
            'serverAdded at a',
            'methodAdded Sum',
            'serverMethodAdded Sum at a',
        ]);
    });

    test('tells a method from a stream of its name, though core does not', async () => {
        discover();
        await gateway.offer('a');
        heard();
        await gateway.connect({ application: 'b' }).interop.createStream({ name: 'Sum' });
        expect(heard()).toEqual([
            'serverAdded at b',
            'methodAdded Sum',
            'serverMethodAdded Sum at b',
        ]);
    });

    test('is not told any more to a listener that has stopped', async () => {
        const discovery = discover();
        discovery.stop();
        await gateway.offer('a');
        expect(heard()).toEqual([]);
    });

    test('is asked of core once, however many listen', () => {
        discover();
        discover();
        expect(own.interop.methodListenerCount).toBe(1);
    });
});

describe('a filter', () => {
    beforeEach(async () => {
        await gateway.offer('a');
        await gateway.offer('b', undefined, { name: 'Product' });
        await gateway.offer('c');
    });

    test('hides what does not match, from the lists and the events', async () => {
        const discovery = discover({
            name: 'sum',
            instance: [{ application: 'c' }, { user: 'x' }],
        });
        expect(heard()).toEqual([
            'serverAdded at c',
            'methodAdded Sum',
            'serverMethodAdded Sum at c',
        ]);
        expect(discovery.servers.map(({ application }) => application)).toEqual(['c']);
        await gateway.offer('d');
        expect(heard()).toEqual([]);
    });

    test('that changes tells what no longer matches as removed, and what matches now as added', () => {
        const discovery = discover({ name: 'Sum' });
        heard();
        discovery.see({ instance: [{ application: 'b' }, { application: 'c' }] });
        expect(heard()).toEqual([
            'serverMethodRemoved Sum at a',
            'serverRemoved at a',
            'serverAdded at b',
            'methodAdded Product',
            'serverMethodAdded Product at b',
        ]);
    });

    test('that is wrong shows nothing until it is right', async () => {
        const discovery = discover({ name: 'Product' });
        heard();
        expect(() => discovery.see({ version: '1' as any })).toThrow('version has to be a number');
        expect(heard()).toEqual([
            'methodRemoved Product',
            'serverMethodRemoved Product at b',
            'serverRemoved at b',
        ]);
        await gateway.offer('d');
        expect(heard()).toEqual([]);
        discovery.see({ name: 'Product' });
        expect(heard()).toHaveLength(3);
    });
});

test('a method is told as its definition, without what core adds to it', async () => {
    await gateway.offer('a', undefined, {
        name: 'Quote',
        accepts: 'string symbol',
        objectTypes: [],
        flags: {},
        description: undefined,
        getServers: () => [],
    });
    expect(discover().methods).toEqual([
        { name: 'Quote', accepts: 'string symbol', supportsStreaming: false },
    ]);
});

test('servers stand in the order in which they registered, as the gateway says', async () => {
    const first = gateway.connect({ application: 'first' });
    await gateway.offer('second');
    const discovery = discover();
    await first.interop.register({ name: 'Sum' }, () => {});
    await gateway.offer('third');
    const names = discovery.servers.map(({ application }) => application);
    expect(names).toEqual(['second', 'first', 'third']);
});
