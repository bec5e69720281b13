// @vitest-environment jsdom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InteropClient } from '../../../src/client/interop-client';
import Discovery from '../../../src/components/Discovery';
import { NO_ROOT } from '../../../src/dash/interop-context';
import { FakeDashPage } from '../support/fake-dash-page';
import { FakeGateway, type FakePage } from '../support/fake-interop';

let gateway: FakeGateway;
let client: InteropClient;
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
    id = `discovery-${tests}`;
    gateway = new FakeGateway();
    client = new InteropClient(gateway.connect({ application: 'own' }), gateway.registrationOf);
    page = new FakeDashPage({ Discovery });
    page.store.add('Div', { id: 'out' });
});

afterEach(() => {
    page.close();
    vi.useRealTimers();
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
});

async function show(props: Record<string, any> = {}): Promise<HTMLElement> {
    page.add('Discovery', { id, ...props });
    return page.show(client);
}

async function offer(application: string, name = 'Sum'): Promise<FakePage> {
    const made = await gateway.offer(application, undefined, { name });
    await page.settle();
    return made;
}

/** What was given as `prop`, in order. */
function given(prop: string): any[] {
    return page.store.updates.filter(({ props }) => prop in props).map(({ props }) => props[prop]);
}

function names(methods: any[]): string[] {
    return methods.map(({ name }) => name);
}

function listen(prop: string): void {
    page.store.callback({ inputs: [`${id}.${prop}`], outputs: ['out.children'] });
}

async function finishLastRun(): Promise<void> {
    const run = page.store.runs[page.store.runs.length - 1];
    await page.when(() => run.finish({ 'out.children': page.store.runs.length }));
}

describe('what is seen', () => {
    test('is given when it is shown; it shows nothing itself', async () => {
        await gateway.offer('a');
        const container = await show();
        expect(container.innerHTML).toBe('');
        expect(given('methods')).toEqual([[{ name: 'Sum', supportsStreaming: false }]]);
        expect(given('servers')).toMatchObject([[{ application: 'a' }]]);
        expect(given('error')).toEqual([]);
    });

    test('is given as empty lists where there is nothing, and not before there is a connection', async () => {
        page.add('Discovery', { id });
        await page.show();
        expect(page.store.updates).toEqual([]);
        await page.reconnect(client);
        expect(given('methods')).toEqual([[]]);
        expect(given('servers')).toEqual([[]]);
        expect(given('events')).toEqual([]);
    });

    test('is given anew only where it has changed', async () => {
        await show();
        await offer('a');
        await page.renderAgain();
        await offer('b');
        expect(given('methods').map(names)).toEqual([[], ['Sum']]);
        expect(given('servers').map(({ length }) => length)).toEqual([0, 1, 2]);
    });

    test('is not given in between what a callback sees while it runs', async () => {
        listen('methods');
        await show();
        await finishLastRun();
        await offer('a', 'A');
        await offer('b', 'B');
        await offer('c', 'C');
        expect(names(page.store.props(id).methods)).toEqual(['A']);
        await finishLastRun();
        await finishLastRun();
        expect(given('methods').map(names)).toEqual([[], ['A'], ['A', 'B', 'C']]);
    });

    test('by a component that has left is not given to the one that comes back', async () => {
        listen('methods');
        await show();
        const a = await offer('a');
        await page.remove(id);
        gateway.leave(a);
        await page.putBack('Discovery', { id });
        await finishLastRun();
        await finishLastRun();
        expect(given('methods')).toEqual([[], []]);
    });

    test('is there before the callbacks of its events run', async () => {
        await show();
        await offer('a');
        const props = page.store.updates.flatMap((update) => Object.keys(update.props));
        expect(props.slice(-3)).toEqual(['methods', 'servers', 'events']);
    });

    test('stays when a layout brings the component without it', async () => {
        await show();
        await offer('a');
        await page.replace('Discovery', { id });
        expect(names(page.store.props(id).methods)).toEqual(['Sum']);
        expect(page.store.props(id).servers).toHaveLength(1);
        expect(given('methods')).toHaveLength(3);
    });

    test('is not given again to a copy of the component that has it, with its keys in any order', async () => {
        await show();
        await offer('a');
        const { methods, servers, events } = page.store.props(id);
        const copied = methods.map(({ name, supportsStreaming }: any) => ({
            supportsStreaming,
            name,
        }));
        const before = page.store.updates.length;
        await page.replace('Discovery', { id, methods: copied, servers: [...servers], events });
        expect(page.store.updates).toHaveLength(before);
        expect(warnings).toEqual([]);
    });
});

describe('events', () => {
    test('are numbered, with what they are about', async () => {
        await show();
        await offer('a');
        const method = { name: 'Sum', supportsStreaming: false };
        expect(given('events')).toMatchObject([
            [
                { type: 'serverAdded', method: null, server: { application: 'a' }, sequence: 1 },
                { type: 'methodAdded', method, server: null, sequence: 2 },
                { type: 'serverMethodAdded', method, server: { application: 'a' }, sequence: 3 },
            ],
        ]);
    });

    test('that come while the callback runs are one list for its next run', async () => {
        listen('events');
        await show();
        await offer('a');
        const b = await offer('b');
        await b.interop.unregister('Sum');
        await offer('c');
        expect(given('events')).toHaveLength(1);
        await finishLastRun();
        expect(given('events')).toHaveLength(2);
        await finishLastRun();
        const types = given('events').map((events) => events.map(({ type }: any) => type));
        expect(types[1]).toEqual([
            'serverAdded',
            'serverMethodAdded',
            'serverMethodRemoved',
            'serverRemoved',
            'serverAdded',
            'serverMethodAdded',
        ]);
        const numbers = given('events').flatMap((events) => events.map((e: any) => e.sequence));
        expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    });

    test('of what happens at once are one list, though no callback listens', async () => {
        await show();
        const a = await offer('a', 'A');
        await a.interop.register({ name: 'B' }, () => {});
        await page.settle();
        gateway.leave(a);
        await page.settle();
        const lists = given('events');
        expect(lists[lists.length - 1].map(({ type }: any) => type)).toEqual([
            'methodRemoved',
            'serverMethodRemoved',
            'methodRemoved',
            'serverMethodRemoved',
            'serverRemoved',
        ]);
    });

    test('are not told to a component that has left the layout; one that comes back hears what is there', async () => {
        await show();
        const a = await offer('a');
        await page.remove(id);
        gateway.leave(a);
        await offer('b', 'Product');
        const before = given('events').length;
        await page.putBack('Discovery', { id });
        const added = given('events').slice(before);
        expect(added).toHaveLength(1);
        expect(added[0].map(({ type }: any) => type)).toEqual([
            'serverAdded',
            'methodAdded',
            'serverMethodAdded',
        ]);
        expect(added[0].map(({ sequence }: any) => sequence)).toEqual([4, 5, 6]);
        expect(names(page.store.props(id).methods)).toEqual(['Product']);
    });

    test('that waited when the component left are not told to the one that comes back', async () => {
        listen('events');
        await show();
        const a = await offer('a', 'A');
        gateway.leave(a);
        await page.settle();
        await page.remove(id);
        await page.putBack('Discovery', { id });
        await finishLastRun();
        await offer('b', 'B');
        await finishLastRun();
        const seen = given('events').map((events) => events.map(({ type }: any) => type));
        const come = ['serverAdded', 'methodAdded', 'serverMethodAdded'];
        expect(seen).toEqual([come, come]);
    });

    test('are not repeated when the component is mounted anew', async () => {
        await show();
        await offer('a');
        const { methods, servers, events } = page.store.props(id);
        await page.replace('Discovery', { id, methods, servers, events });
        await offer('b');
        expect(given('events').map(({ length }) => length)).toEqual([3, 2]);
    });
});

describe('filters', () => {
    test('that change hide one method and show another', async () => {
        await gateway.offer('a', undefined, { name: 'A' });
        await gateway.offer('b', undefined, { name: 'B' });
        await show({ name: 'A' });
        await page.write(id, { name: 'B' });
        expect(given('methods').map(names)).toEqual([['A'], ['B']]);
        const types = given('events')[1].map(({ type }: any) => type);
        expect(types).toEqual([
            'methodRemoved',
            'serverMethodRemoved',
            'serverRemoved',
            'serverAdded',
            'methodAdded',
            'serverMethodAdded',
        ]);
    });

    test('that are written again change nothing', async () => {
        await gateway.offer('a');
        await show({ instance: { application: 'a' }, objectTypes: [] });
        const before = page.store.updates.length;
        await page.write(id, { instance: { application: 'a' }, objectTypes: [] });
        expect(page.store.updates).toHaveLength(before);
    });

    test('may have regular expressions, which differ by their text', async () => {
        await gateway.offer('a');
        await show({ instance: { application: /^A$/ } });
        await page.write(id, { instance: { application: /^A$/i } });
        expect(given('methods').map(names)).toEqual([[], ['Sum']]);
    });

    test('that are wrong are told, and show nothing until they are right', async () => {
        await gateway.offer('a');
        await show({ name: 'Sum', version: '1' });
        const message = 'version has to be a number, not "1"';
        expect(given('error')).toEqual([{ message }]);
        expect(failures).toEqual([`dash_interop: Discovery ${id}: ${message}`]);
        expect(given('methods')).toEqual([[]]);
        await page.write(id, { version: null });
        expect(given('error')).toEqual([{ message }, null]);
        expect(given('methods').map(names)).toEqual([[], ['Sum']]);
    });
});

test('without a root it says so', async () => {
    page.add('Discovery', { id });
    await page.show(NO_ROOT);
    expect(given('error')).toEqual([{ message: NO_ROOT }]);
    expect(failures).toEqual([`dash_interop: Discovery ${id}: ${NO_ROOT}`]);
});

test('what somebody writes to its values is told to have no effect, and is put right', async () => {
    await gateway.offer('a');
    await show();
    await page.write(id, { methods: [] });
    expect(warnings).toEqual([
        `dash_interop: Discovery ${id}: its methods property is set by the library; what you wrote has no effect`,
    ]);
    expect(names(page.store.props(id).methods)).toEqual(['Sum']);
});
