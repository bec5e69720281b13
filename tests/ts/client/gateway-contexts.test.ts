import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { ContextConflict } from '../../../src/client/context-errors';
import type { ContextChange } from '../../../src/client/contexts';
import { FakeContextGateway, type FakeContextPage } from '../support/fake-context-gateway';
import { outcome } from '../support/promises';

let gateway: FakeContextGateway;
let page: FakeContextPage;
let other: FakeContextPage;

beforeEach(() => {
    vi.useFakeTimers();
    gateway = new FakeContextGateway();
    page = gateway.connect();
    other = gateway.connect();
});

afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
});

/** What a subscription hears. */
function listen(from: FakeContextPage, name = 'Market') {
    const changes: ContextChange[] = [];
    const stop = from.contexts.subscribe(name, (change) => changes.push({ ...change }));
    return { changes, stop };
}

/** A write that nobody waits for in the test. */
function write(from: FakeContextPage, data: object, name = 'Market'): void {
    from.contexts.update(name, data).catch(() => {});
}

async function make(data: object = { px: 1 }): Promise<void> {
    await written(other.contexts.set('Market', data));
}

async function written(promise: Promise<void>): Promise<void> {
    await gateway.settle();
    expect(await outcome(promise)).toEqual({ value: undefined });
}

async function failure(promise: Promise<unknown>): Promise<Error> {
    promise.catch(() => {});
    await gateway.settle();
    const { error } = await outcome(promise);
    expect(error).toBeInstanceOf(Error);
    return error;
}

describe('a subscription', () => {
    test('hears the value that is there first, and then each change', async () => {
        await make({ px: 1, size: { bid: 5 } });
        const { changes } = listen(page);
        await gateway.settle();
        const nobody = { updaterId: undefined, isMine: false, isDestroyed: false };
        const first = { data: { px: 1, size: { bid: 5 } }, delta: {}, removed: [], version: 1 };
        expect(changes).toEqual([{ ...first, ...nobody }]);
        await written(other.contexts.update('Market', { px: 2 }));
        const then = {
            data: { px: 2, size: { bid: 5 } },
            delta: { px: 2 },
            removed: [],
            version: 2,
        };
        expect(changes[1]).toEqual({ ...then, ...nobody, updaterId: other.peerId });
        expect((changes[1].data as any).size).toBe((changes[0].data as any).size);
    });

    test('of a context that comes later hears it when it comes', async () => {
        const { changes } = listen(page);
        await gateway.settle();
        expect(changes).toEqual([]);
        await make();
        expect(changes).toMatchObject([{ data: { px: 1 }, delta: {}, updaterId: undefined }]);
    });

    test('of a known context hears its value, once, and not within the call', async () => {
        await make();
        listen(page);
        await gateway.settle();
        const { changes } = listen(page);
        expect(changes).toEqual([]);
        await gateway.settle();
        expect(changes).toMatchObject([{ data: { px: 1 }, delta: {} }]);
        expect(page.sentTypes).toEqual(['subscribe-context']);
    });

    test('hears what this page writes, in the order of the gateway', async () => {
        await make();
        const { changes } = listen(page);
        await gateway.settle();
        write(other, { px: 2 });
        write(page, { px: 3 });
        write(other, { px: 4 });
        await gateway.settle();
        expect(changes.map(({ delta, isMine }) => [delta, isMine])).toEqual([
            [{}, false],
            [{ px: 2 }, false],
            [{ px: 3 }, true],
            [{ px: 4 }, false],
        ]);
        expect(changes[3].data).toEqual(gateway.valueOf('Market'));
    });

    test('of a context that this page makes hears each write as a change', async () => {
        const { changes } = listen(page);
        for (let n = 0; n < 100; n += 1) {
            write(page, { n });
        }
        await gateway.settle();
        expect(changes.map(({ delta }) => delta)).toEqual(
            Array.from({ length: 100 }, (_, n) => ({ n })),
        );
        expect(changes.every(({ isMine, updaterId }) => isMine && updaterId === page.peerId)).toBe(
            true,
        );
    });

    test('causes no copy of a value that it does not look at', async () => {
        await make({ rows: { a: 0 } });
        let change: ContextChange | undefined;
        page.contexts.subscribe('Market', (latest) => {
            change = latest;
        });
        await gateway.settle();
        const first: any = change?.data;
        for (let n = 1; n <= 3; n += 1) {
            await written(other.contexts.setPath('Market', 'rows.a', n));
        }
        expect(change?.delta).toEqual({ rows: { a: 3 } });
        expect(change?.data).toEqual({ rows: { a: 3 } });
        expect(change?.data).toBe(change?.data);
        expect(first).toEqual({ rows: { a: 0 } });
        await written(other.contexts.setPath('Market', 'rows.a', 4));
        expect(await outcome(page.contexts.get('Market'))).toEqual({ value: { rows: { a: 4 } } });
    });

    test('hears nothing of a write that leaves the value as it is', async () => {
        await make({ px: { bid: 1 } });
        const { changes } = listen(page);
        await gateway.settle();
        write(other, { px: { bid: 1 } });
        await written(page.contexts.update('Market', { px: { bid: 1 } }));
        expect(changes).toHaveLength(1);
    });

    test('ends with the last one who listens, and begins anew', async () => {
        await make();
        const one = listen(page);
        const two = listen(page);
        await gateway.settle();
        one.stop();
        await gateway.settle();
        write(other, { px: 2 });
        await gateway.settle();
        expect([one.changes.length, two.changes.length]).toEqual([1, 2]);
        two.stop();
        write(other, { px: 3 });
        await gateway.settle();
        expect(two.changes).toHaveLength(2);
        const three = listen(page);
        await gateway.settle();
        expect(three.changes).toMatchObject([{ data: { px: 3 }, delta: {} }]);
        const kinds = ['subscribe-context', 'unsubscribe-context', 'subscribe-context'];
        expect(page.sentTypes).toEqual(kinds);
    });

    test('that ends before the gateway has answered leaves nothing behind', async () => {
        await make();
        listen(page).stop();
        await gateway.settle();
        expect(page.sentTypes).toEqual(['subscribe-context', 'unsubscribe-context']);
    });

    test('goes on when another one throws', async () => {
        const complaint = vi.spyOn(console, 'error').mockImplementation(() => {});
        page.contexts.subscribe('Market', () => {
            throw new Error('a fault of its own');
        });
        const { changes } = listen(page);
        await make();
        expect(changes).toHaveLength(1);
        expect(complaint).toHaveBeenCalledTimes(1);
    });

    test('may be ended, and another one begun, by what it hears', async () => {
        await make();
        const heard: object[] = [];
        const stop = page.contexts.subscribe('Market', ({ data }) => {
            stop();
            page.contexts.subscribe('Market', (change) => heard.push(change.data, data));
        });
        await gateway.settle();
        expect(heard).toEqual([{ px: 1 }, { px: 1 }]);
    });
});

describe('destroying a context', () => {
    test('is told, and another one of the name is seen', async () => {
        await make();
        const { changes } = listen(page);
        await gateway.settle();
        await written(other.contexts.destroy('Market'));
        expect(changes[1]).toMatchObject({
            data: {},
            removed: ['px'],
            version: 0,
            isDestroyed: true,
        });
        expect(page.contexts.all()).toEqual([]);
        await make({ px: 5 });
        expect(changes[2]).toMatchObject({
            data: { px: 5 },
            delta: {},
            removed: [],
            isDestroyed: false,
        });
        await written(other.contexts.update('Market', { px: 6 }));
        expect(changes[3]).toMatchObject({ delta: { px: 6 } });
    });

    test('does not reach who never had a value', async () => {
        await make();
        const destroying = other.contexts.destroy('Market');
        const { changes } = listen(page);
        await written(destroying);
        expect(changes).toEqual([]);
        await make({ px: 5 });
        expect(changes).toMatchObject([{ data: { px: 5 }, delta: {} }]);
    });

    test('that is not there is an error', async () => {
        const { message } = await failure(page.contexts.destroy('Market'));
        expect(message).toBe('There is no context Market that could be destroyed');
    });
});

describe('writes', () => {
    test('reach the gateway as they were when they were made', async () => {
        const data = { px: { bid: 1 }, at: new Date(5) };
        const writing = page.contexts.update('Market', data);
        data.px.bid = 2;
        await written(writing);
        expect(gateway.valueOf('Market')).toEqual({ px: { bid: 1 }, at: '#T42_DATE#5' });
    });

    test('null and undefined remove', async () => {
        await make({ a: 1, b: 2, c: { d: 3 }, e: 4 });
        await written(page.contexts.update('Market', { a: null, b: undefined }));
        await written(page.contexts.setPath('Market', 'c.d', null));
        expect(gateway.valueOf('Market')).toEqual({ c: {}, e: 4 });
    });

    test('to paths make a context, and change one', async () => {
        const paths = [
            { path: 'a.b', value: 1 },
            { path: 'a.c', value: [1, 2] },
        ];
        await written(page.contexts.setPaths('Market', paths));
        await written(page.contexts.setPath('Market', 'a.c.1', 3));
        await written(page.contexts.setPath('Market', '', { all: true }));
        expect(gateway.valueOf('Market')).toEqual({ all: true });
        expect(page.sentTypes.slice(0, 2)).toEqual(['create-context', 'update-context']);
    });

    test('that make a context say what of it they write', async () => {
        const paths = [
            { path: 'a.b', value: 1 },
            { path: 'c', value: null },
        ];
        write(page, { px: 1, size: 2 }, 'One');
        page.contexts.setPaths('Two', paths).catch(() => {});
        page.contexts.set('Three', { px: 1 }).catch(() => {});
        await gateway.settle();
        expect(page.sent.map(({ data, paths }) => [data, paths])).toEqual([
            [{ px: 1, size: 2 }, ['px', 'size']],
            [{ a: { b: 1 } }, ['a.b', 'c']],
            [{ px: 1 }, undefined],
        ]);
    });

    test('are not lost when somebody else was first to make the context', async () => {
        const { changes } = listen(page);
        write(other, { a: 1, b: 1 });
        write(page, { a: 2 });
        write(page, { c: 3 });
        await gateway.settle();
        expect(gateway.valueOf('Market')).toEqual({ a: 2, b: 1, c: 3 });
        expect(changes[changes.length - 1].data).toEqual({ a: 2, b: 1, c: 3 });
    });

    test('are not lost, and keep their order, when the context goes meanwhile', async () => {
        await make();
        await gateway.settle();
        write(other, { px: 2 });
        other.contexts.destroy('Market').catch(() => {});
        for (let n = 0; n < 5; n += 1) {
            write(page, { n, [`key-${n}`]: n });
        }
        await gateway.settle();
        const keys = { 'key-0': 0, 'key-1': 1, 'key-2': 2, 'key-3': 3, 'key-4': 4 };
        expect(gateway.valueOf('Market')).toEqual({ n: 4, ...keys });
    });

    test('of many pages leave all with one value', async () => {
        const pages = [page, other, gateway.connect(), gateway.connect()];
        const heard = pages.map((each) => listen(each));
        for (let round = 0; round < 20; round += 1) {
            for (const [index, each] of pages.entries()) {
                write(each, { last: `${index}-${round}`, [`of-${index}`]: round });
            }
            if (round % 3 === 0) {
                await gateway.settle();
            }
        }
        await gateway.settle();
        const values = heard.map(({ changes }) => changes[changes.length - 1].data);
        expect(values).toEqual(pages.map(() => gateway.valueOf('Market')));
    });

    test('fail with the reason of the gateway', async () => {
        const writing = page.contexts.update('Market', { px: 1 });
        const [{ request_id }] = page.sent;
        page.contexts.hearAnswer({ type: 'error', request_id, reason: 'no more contexts' });
        const { message } = await failure(writing);
        expect(message).toBe('The context Market was not written: no more contexts');
        await written(page.contexts.update('Market', { px: 2 }));
    });
});

describe('a version', () => {
    test('has to be the present one', async () => {
        await make();
        const version = gateway.versionOf('Market') as number;
        await written(page.contexts.update('Market', { px: 2 }, { ifVersion: version }));
        const error = await failure(
            page.contexts.update('Market', { px: 3 }, { ifVersion: version }),
        );
        expect(error).toBeInstanceOf(ContextConflict);
        expect(error.message).toBe('The context Market was left as it is: its version is 2, not 1');
        expect(gateway.valueOf('Market')).toEqual({ px: 2 });
    });

    test('0 asks for a context that is not there', async () => {
        await written(page.contexts.set('Market', { px: 1 }, { ifVersion: 0 }));
        const again = failure(page.contexts.set('Market', { px: 2 }, { ifVersion: 0 }));
        expect(await again).toBeInstanceOf(ContextConflict);
    });

    test('0 asks so where two pages make it at once', async () => {
        const one = page.contexts.set('Market', { px: 1 }, { ifVersion: 0 });
        const two = failure(other.contexts.set('Market', { px: 2 }, { ifVersion: 0 }));
        await written(one);
        expect(await two).toBeInstanceOf(ContextConflict);
        expect(gateway.valueOf('Market')).toEqual({ px: 1 });
    });

    test('of a context that is not there is a conflict', async () => {
        const error = failure(page.contexts.update('Market', {}, { ifVersion: 7 }));
        expect(await error).toBeInstanceOf(ContextConflict);
    });

    test('of a context that is destroyed is one, too', async () => {
        await make();
        const one = failure(page.contexts.destroy('Market', { ifVersion: 7 }));
        expect(await one).toBeInstanceOf(ContextConflict);
        await written(page.contexts.destroy('Market', { ifVersion: 1 }));
        expect(gateway.valueOf('Market')).toBeUndefined();
    });

    test('is good for as long as the value is the same', async () => {
        await make();
        const { changes } = listen(page);
        await gateway.settle();
        const [{ version }] = changes;
        await written(other.contexts.update('Market', { px: 1 }));
        expect(gateway.versionOf('Market')).not.toBe(version);
        await written(page.contexts.update('Market', { px: 2 }, { ifVersion: version as number }));
        expect(changes[1]).toMatchObject({ data: { px: 2 } });
    });
});

describe('reading', () => {
    test('a context that is not there gives nothing', async () => {
        const reading = page.contexts.get('Market');
        await gateway.settle();
        expect(await outcome(reading)).toEqual({ value: {} });
    });

    test('one that another page has just made finds it', async () => {
        page.holdBack();
        await make({ px: 1 });
        const reading = page.contexts.get('Market');
        page.hearAll();
        await gateway.settle();
        expect(await outcome(reading)).toEqual({ value: { px: 1 } });
    });

    test('one that this page has made gives what others have written before', async () => {
        await written(page.contexts.set('Market', { px: 1 }));
        page.holdBack();
        await written(other.contexts.update('Market', { px: 2 }));
        const reading = page.contexts.get('Market');
        page.hearAll();
        await gateway.settle();
        expect(await outcome(reading)).toEqual({ value: { px: 2 } });
    });

    test('one gives what was written while an older answer was on its way', async () => {
        await make({ px: 1 });
        page.holdBack();
        const early = page.contexts.get('Market');
        await gateway.settle();
        await written(other.contexts.update('Market', { px: 2 }));
        const late = page.contexts.get('Market');
        page.hearAll();
        await gateway.settle();
        expect(await outcome(early)).toEqual({ value: { px: 1 } });
        expect(await outcome(late)).toEqual({ value: { px: 2 } });
    });

    test('one that this page has made finds out that it is destroyed', async () => {
        await written(page.contexts.set('Market', { px: 1 }));
        page.holdBack();
        await written(other.contexts.destroy('Market'));
        const reading = page.contexts.get('Market');
        page.hearAll();
        await gateway.settle();
        expect(await outcome(reading)).toEqual({ value: {} });
    });

    test('one that is listened to gives what its listeners have heard, at once', async () => {
        await make({ px: 1 });
        const { changes } = listen(page);
        await gateway.settle();
        page.holdBack();
        await written(other.contexts.update('Market', { px: 2 }));
        expect(await outcome(page.contexts.get('Market'))).toEqual({ value: { px: 1 } });
        expect(changes).toHaveLength(1);
    });

    test('one that is there asks for it, and does not stay', async () => {
        await make();
        const reading = page.contexts.get('Market');
        await gateway.settle();
        expect(await outcome(reading)).toEqual({ value: { px: 1 } });
        await gateway.settle();
        expect(page.sentTypes).toEqual(['subscribe-context', 'unsubscribe-context']);
    });

    test('one that this page has written gives what it wrote', async () => {
        await written(page.contexts.set('Market', { px: 1 }));
        const reading = page.contexts.get('Market');
        await gateway.settle();
        expect(await outcome(reading)).toEqual({ value: { px: 1 } });
    });

    test('one that this page writes gives that, too, whether it waits for it or not', async () => {
        write(page, { px: 1 });
        write(page, { px: 2 });
        const reading = page.contexts.get('Market');
        await gateway.settle();
        expect(await outcome(reading)).toEqual({ value: { px: 2 } });
    });

    test('while there is no connection waits for it, and not for ever', async () => {
        await make();
        page.logOut();
        const late = page.contexts.get('Market');
        const reading = page.contexts.get('Market');
        page.logIn();
        await gateway.settle();
        expect(await outcome(reading)).toEqual({ value: { px: 1 } });
        expect(await outcome(late)).toEqual({ value: { px: 1 } });
        page.logOut();
        const { error } = await outcome(page.contexts.get('Market'), 30_000);
        expect(error.message).toBe('The context Market could not be read within 30000 ms');
    });
});

describe('the names', () => {
    test('are told now and at each change', async () => {
        await make();
        const told: string[][] = [];
        const stop = page.contexts.onNames((names) => told.push(names));
        write(other, {}, 'News');
        await gateway.settle();
        await written(other.contexts.destroy('Market'));
        stop();
        write(other, {}, 'Third');
        await gateway.settle();
        expect(told).toEqual([['Market'], ['Market', 'News'], ['News']]);
        expect(page.contexts.all()).toEqual(['News', 'Third']);
    });

    test('stay in an outage, and are told after it where they are others', async () => {
        await make();
        const told: string[][] = [];
        page.contexts.onNames((names) => told.push(names));
        page.logOut();
        expect(page.contexts.all()).toEqual(['Market']);
        page.logIn();
        page.logOut();
        write(other, {}, 'News');
        await gateway.settle();
        page.logIn();
        expect(told).toEqual([['Market'], ['Market', 'News']]);
    });
});

describe('an outage', () => {
    test('hides what others wrote, which is told as one change', async () => {
        await make({ px: 1, size: 1, note: 'a' });
        const { changes } = listen(page);
        await gateway.settle();
        page.logOut();
        write(other, { px: 2, note: null });
        write(other, { px: 3 });
        await gateway.settle();
        page.logIn();
        await gateway.settle();
        expect(changes.slice(1)).toMatchObject([
            { data: { px: 3, size: 1 }, delta: { px: 3 }, removed: ['note'], isMine: false },
        ]);
    });

    test('in which nothing happened is not told', async () => {
        await make();
        const { changes } = listen(page);
        await gateway.settle();
        page.logOut();
        page.logIn();
        await gateway.settle();
        expect(changes).toHaveLength(1);
    });

    test('in which the context was destroyed ends with that', async () => {
        await make();
        const { changes } = listen(page);
        await gateway.settle();
        page.logOut();
        await written(other.contexts.destroy('Market'));
        page.logIn();
        await gateway.settle();
        expect(changes.map(({ isDestroyed }) => isDestroyed)).toEqual([false, true]);
    });

    test('keeps what is written in it, in its order', async () => {
        page.logOut();
        write(page, { n: 1 });
        write(page, { n: 2, m: 2 });
        expect(page.sent).toEqual([]);
        page.logIn();
        await gateway.settle();
        expect(gateway.valueOf('Market')).toEqual({ n: 2, m: 2 });
    });

    test('fails what was under way, without saying that it was not written', async () => {
        await make();
        const writing = page.contexts.update('Market', { px: 2 });
        page.logOut();
        expect((await failure(writing)).message).toBe(
            'The connection was lost while the context Market was written: it is not known ' +
                'whether it was',
        );
        page.logIn();
        await written(page.contexts.update('Market', { px: 3 }));
    });

    test('that lasts too long fails what waits, and it is not written later', async () => {
        page.logOut();
        const writing = page.contexts.update('Market', { px: 2 }, { timeoutMs: 1_000 });
        const { error } = await outcome(writing, 1_000);
        expect(error.message).toBe('The context Market could not be written within 1000 ms');
        page.logIn();
        await gateway.settle();
        expect(gateway.valueOf('Market')).toBeUndefined();
    });
});

describe('a restart of the gateway', () => {
    test('leaves values and versions as they were', async () => {
        await make();
        await written(other.contexts.update('Market', { px: 2 }));
        const { changes } = listen(page);
        await gateway.settle();
        gateway.restart();
        page.logIn();
        await gateway.settle();
        expect(gateway.valueOf('Market')).toEqual({ px: 2 });
        expect(gateway.versionOf('Market')).toBe(2);
        expect(changes).toHaveLength(1);
        await written(page.contexts.update('Market', { px: 3 }));
        expect(changes[1]).toMatchObject({ data: { px: 3 }, isMine: true });
    });

    test('brings back what a page only wrote', async () => {
        await written(page.contexts.set('Market', { px: 1 }));
        gateway.restart();
        page.logIn();
        await gateway.settle();
        expect(gateway.valueOf('Market')).toEqual({ px: 1 });
    });

    test('does not bring an older value back over a newer one', async () => {
        await make();
        const one = listen(page);
        await gateway.settle();
        page.logOut();
        await written(other.contexts.update('Market', { px: 2 }));
        const two = listen(other);
        await gateway.settle();
        gateway.restart();
        page.logIn();
        await gateway.settle();
        expect(gateway.valueOf('Market')).toEqual({ px: 1 });
        other.logIn();
        await gateway.settle();
        expect(gateway.valueOf('Market')).toEqual({ px: 2 });
        expect(one.changes[1]).toMatchObject({ data: { px: 2 }, delta: { px: 2 } });
        expect(two.changes).toHaveLength(1);
    });

    test('does not bring a value back over one that was written since', async () => {
        await make();
        const { changes } = listen(page);
        await gateway.settle();
        gateway.restart();
        const third = gateway.connect();
        await written(third.contexts.set('Market', { px: 9 }));
        page.logIn();
        await gateway.settle();
        expect(gateway.valueOf('Market')).toEqual({ px: 9 });
        expect(changes[1]).toMatchObject({ data: { px: 9 }, delta: { px: 9 } });
    });

    test('during which the connection breaks again is made up for', async () => {
        await make();
        listen(page);
        await gateway.settle();
        gateway.restart();
        page.logIn();
        page.logOut();
        page.logIn();
        await gateway.settle();
        expect(gateway.valueOf('Market')).toEqual({ px: 1 });
    });

    test('ends a context that must not be brought back', async () => {
        await make();
        gateway.makeRestorable('Market', false);
        const { changes } = listen(page);
        await gateway.settle();
        gateway.restart();
        page.logIn();
        await gateway.settle();
        expect(gateway.valueOf('Market')).toBeUndefined();
        expect(changes[1]).toMatchObject({ isDestroyed: true });
    });
});

test('a value that may not be read is refused each time it is asked for', async () => {
    await make();
    const reader = gateway.connect();
    await gateway.settle();
    gateway.unreadable.add('Market');
    vi.spyOn(console, 'warn').mockImplementation(() => {});
    for (const _ of [1, 2]) {
        const reading = outcome(reader.contexts.get('Market'));
        await gateway.settle();
        expect((await reading).error.message).toBe('The context Market cannot be read: Not you');
    }
});

describe('what cannot be meant is refused before anything is sent', () => {
    const cases: [what: string, act: () => Promise<unknown>, message: string][] = [
        [
            'no name',
            () => page.contexts.update('', {}),
            'The name of a context is a non-empty string, not ""',
        ],
        [
            'a list',
            () => page.contexts.set('Market', [1] as any),
            'The data of a context have to be a dict, not a list',
        ],
        [
            'no data',
            () => page.contexts.update('Market', null as any),
            'The data of a context have to be a dict, not nothing',
        ],
        [
            'a key with a dot',
            () => page.contexts.update('Market', { 'EUR.USD': 1 }),
            'update cannot set the key "EUR.USD": on its way it would be a path, as it has a dot. ' +
                'Use another key, or set, which replaces all data',
        ],
        [
            'a key without letters',
            () => page.contexts.update('Market', { '': 1 }),
            'update cannot set the key "": use set, which replaces all data',
        ],
        [
            'a path with an empty part',
            () => page.contexts.setPath('Market', 'a..b', 1),
            'The path "a..b" has an empty part: parts are separated by one dot',
        ],
        [
            'a path that is no text',
            () => page.contexts.setPath('Market', 5 as any, 1),
            'A path is a string such as "prices.EURUSD", not 5',
        ],
        [
            'a path that JavaScript takes for something else',
            () => page.contexts.setPath('Market', 'a.__proto__', 1),
            'The path "a.__proto__" cannot be used in a context, because of "__proto__"',
        ],
        [
            'no paths',
            () => page.contexts.setPaths('Market', []),
            'Paths to set are a list of dicts with "path" and "value", not a list',
        ],
        [
            'all among several paths',
            () =>
                page.contexts.setPaths('Market', [
                    { path: '', value: {} },
                    { path: 'a', value: 1 },
                ]),
            'The path "" is all of the context, so it cannot be one of several',
        ],
        [
            'a version that is none',
            () => page.contexts.update('Market', {}, { ifVersion: -1 }),
            'ifVersion has to be a version, 0 for none yet, not -1',
        ],
        [
            'a time that is none',
            () => page.contexts.update('Market', {}, { timeoutMs: 0 }),
            'timeoutMs has to be a positive number of milliseconds, not 0',
        ],
    ];

    test.each(cases)('%s', async (_what, act, message) => {
        expect((await failure(act())).message).toBe(message);
        expect(page.sent).toEqual([]);
    });
});
