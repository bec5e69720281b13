import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Channel, JoinedChannel } from '../../../src/client/channels';
import { ContextChannels } from '../../../src/client/context-channels';
import { FakeContextGateway as FakeGateway } from '../support/fake-context-gateway';
import { FakeContextGateway, type FakeContexts } from '../support/fake-contexts';

let gateway: FakeContextGateway;
let contexts: FakeContexts;
let channels: ContextChannels;
/** What the page heard of its channels, such as `Red 1`. */
let heard: string[];

beforeEach(() => {
    vi.useRealTimers();
    gateway = new FakeContextGateway();
    for (const name of ['Red', 'Green', 'Blue']) {
        gateway.addChannel(name);
    }
    contexts = gateway.connect('me');
    channels = new ContextChannels(contexts);
    heard = [];
});

function listen(): () => void {
    return channels.onMy((joined) => heard.push(joined.map(described).join(', ')));
}

function described({ name, data }: JoinedChannel): string {
    return [name, ...Object.values(data)].join(' ');
}

/** All that was asked for has happened. */
async function settled(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
}

describe('which channels there are', () => {
    test('is known by name', () => {
        gateway.stored.set('Market', { data: {}, version: 1 });
        expect(channels.all()).toEqual(['Red', 'Green', 'Blue']);
    });

    test('a listener hears of all with their data, and of each change', async () => {
        const lists: Channel[][] = [];
        const stop = channels.onList((list) => lists.push(list));
        await settled();
        expect(lists).toEqual([
            ['Red', 'Green', 'Blue'].map((name) => ({
                name,
                meta: { color: name.toLowerCase() },
                data: {},
            })),
        ]);
        await channels.publish({ a: 1 }, 'Green');
        await settled();
        expect(lists[lists.length - 1][1].data).toEqual({ a: 1 });
        await channels.add({ name: 'Gold', meta: { color: 'gold' } });
        await settled();
        expect(lists[lists.length - 1].map(({ name }) => name)).toEqual([
            'Red',
            'Green',
            'Blue',
            'Gold',
        ]);
        await channels.remove('Red');
        await settled();
        expect(lists[lists.length - 1].map(({ name }) => name)).toEqual(['Green', 'Blue', 'Gold']);
        stop();
        expect(contexts.count('___channel___Green')).toBe(0);
    });

    test('a second listener hears what is known, and both of changes', async () => {
        const [first, second]: string[][] = [[], []];
        const into = (names: string[]) => (list: Channel[]) =>
            names.push(list.map((each) => each.name).join());
        channels.onList(into(first));
        await settled();
        channels.onList(into(second));
        expect(second).toEqual(['Red,Green,Blue']);
        await channels.remove('Green');
        await settled();
        expect(first).toEqual(['Red,Green,Blue', 'Red,Blue']);
        expect(second).toEqual(first);
    });

    test('where there are none, that is told', async () => {
        const empty = new ContextChannels(new FakeContextGateway().connect('me'));
        const lists: Channel[][] = [];
        empty.onList((list) => lists.push(list));
        expect(lists).toEqual([[]]);
    });

    test.each([
        [undefined, 'A channel needs a "name", a non-empty string'],
        [{ name: '' }, 'A channel needs a "name", a non-empty string'],
        [{ name: 'Gold' }, 'A channel needs a "meta" with a "color", as CSS has it'],
        [{ name: 'Red', meta: { color: 'red' } }, 'There is a channel "Red" already'],
        [{ name: 'Gold', meta: { color: 'gold' }, data: [1] }, 'have to be a dict, not [1]'],
    ])('%j cannot be added', async (definition, message) => {
        await expect(channels.add(definition)).rejects.toThrow(message);
        expect(channels.all()).toHaveLength(3);
    });

    test('one that two pages add at once is that of the first', async () => {
        const gateway = new FakeGateway();
        const [first, second] = [gateway.connect(), gateway.connect()];
        const adding = [first, second].map(({ contexts }, index) =>
            new ContextChannels(contexts).add({ name: 'Gold', meta: { color: `${index}` } }),
        );
        const added = Promise.allSettled(adding);
        await gateway.settle();
        const channel = { name: 'Gold', meta: { color: '0' }, data: {} };
        expect(await added).toEqual([
            { status: 'fulfilled', value: channel },
            { status: 'rejected', reason: new Error('There is a channel "Gold" already') },
        ]);
        expect(gateway.valueOf('___channel___Gold')).toEqual(channel);
    });

    test('one that is not there cannot be removed', async () => {
        await expect(channels.remove('Gold')).rejects.toThrow('There is no channel "Gold"');
    });
});

describe('single mode', () => {
    test('a page that joins leaves the channel before', async () => {
        listen();
        await channels.join('Red');
        expect(channels.my()).toEqual(['Red']);
        await channels.join('Green');
        expect(channels.my()).toEqual(['Green']);
        expect(heard).toEqual(['', 'Red', 'Green']);
        expect(contexts.count('___channel___Red')).toBe(0);
    });

    test('to join the same again changes nothing', async () => {
        listen();
        await channels.join('Red');
        await channels.join('Red');
        expect(heard).toEqual(['', 'Red']);
    });

    test('changes are made one after the other, as they were asked for', async () => {
        listen();
        const asked = [
            channels.join('Red'),
            channels.leave(),
            channels.join('Green'),
            channels.join('Blue'),
        ];
        expect(channels.my()).toEqual([]);
        await Promise.all(asked);
        expect(heard).toEqual(['', 'Red', '', 'Green', 'Blue']);
    });

    test('a change that fails does not hold up the next one', async () => {
        const failing = channels.join('Gold');
        const next = channels.join('Green');
        await expect(failing).rejects.toThrow('There is no channel "Gold"');
        await next;
        expect(channels.my()).toEqual(['Green']);
    });

    test('leaving without a channel changes nothing, an unknown one is an error', async () => {
        listen();
        await channels.leave();
        await channels.leave('Red');
        await expect(channels.leave('Gold')).rejects.toThrow('There is no channel "Gold"');
        expect(heard).toEqual(['']);
        await channels.join('Green');
        await expect(channels.leave('Gold')).rejects.toThrow(/known are "Red", "Green", "Blue"$/);
    });

    test('a channel whose value does not come is not joined, and the next change is made', async () => {
        vi.useFakeTimers();
        contexts.isConnected = false;
        const joining = channels.join('Red');
        const refused = expect(joining).rejects.toThrow(
            'The channel "Red" could not be joined: its data have not come within 30000 ms',
        );
        await vi.advanceTimersByTimeAsync(30_000);
        await refused;
        contexts.isConnected = true;
        await channels.join('Green');
        expect(channels.my()).toEqual(['Green']);
        expect(contexts.count('___channel___Red')).toBe(0);
    });

    test('a page on a channel that is removed is on none until it is made anew', async () => {
        const changed: unknown[] = [];
        channels.onMembership((names, joined) => changed.push([names, joined]));
        await channels.join('Red');
        listen();
        await channels.remove('Red');
        await settled();
        expect(channels.my()).toEqual([]);
        await expect(channels.publish({ a: 1 })).rejects.toThrow(
            'There is no channel to publish on',
        );
        gateway.addChannel('Red', { a: 1 });
        await channels.join('Red');
        await settled();
        await channels.publish({ a: 2 });
        await settled();
        expect(heard).toEqual(['Red', '', 'Red 1', 'Red 2']);
        expect(changed).toEqual([
            [['Red'], 'Red'],
            [[], undefined],
            [['Red'], 'Red'],
        ]);
    });
});

describe('multi mode', () => {
    beforeEach(() => channels.setMode('multi'));

    test('a page is on all that it has joined, in that order, until it leaves them', async () => {
        listen();
        await Promise.all([channels.join('Green'), channels.join('Red'), channels.join('Green')]);
        expect(channels.my()).toEqual(['Green', 'Red']);
        await channels.leave('Green');
        expect(channels.my()).toEqual(['Red']);
        await channels.join('Blue');
        await channels.leave();
        expect(heard).toEqual(['', 'Green', 'Green, Red', 'Red', 'Red, Blue', '']);
    });

    test('what names no channel is published on all, what names one on that', async () => {
        await Promise.all([channels.join('Green'), channels.join('Red')]);
        await channels.publish({ a: 1 });
        await channels.publish({ a: 2 }, 'Blue');
        const written = gateway.writes.map(({ name, paths }) => [name, paths[0].value]);
        expect(written).toEqual([
            ['___channel___Green', 1],
            ['___channel___Red', 1],
            ['___channel___Blue', 2],
        ]);
    });

    test('back in single mode the page stays on the last', async () => {
        await Promise.all([channels.join('Green'), channels.join('Red')]);
        listen();
        channels.setMode('single');
        await settled();
        expect(heard).toEqual(['Green, Red', 'Green, Red', 'Red']);
    });

    test('a mode that is none is refused', () => {
        expect(() => channels.setMode('multiple')).toThrow(
            'mode has to be "single" or "multi", not "multiple": did you mean "multi"?',
        );
        expect(channels.mode).toBe('multi');
    });
});

describe('publishing', () => {
    test('is one write with a path for each key, which others and the page itself hear', async () => {
        const other = new ContextChannels(gateway.connect('other'));
        await Promise.all([channels.join('Red'), other.join('Red')]);
        const [mine, theirs]: JoinedChannel[][] = [[], []];
        channels.onMy(([red]) => mine.push(red));
        other.onMy(([red]) => theirs.push(red));
        await channels.publish({ time: 1, who: { name: 'Ann' } });
        await settled();
        expect(gateway.writes).toEqual([
            {
                by: 'me',
                name: '___channel___Red',
                paths: [
                    { path: 'data.time', value: 1 },
                    { path: 'data.who', value: { name: 'Ann' } },
                ],
            },
        ]);
        const data = { time: 1, who: { name: 'Ann' } };
        const meta = { color: 'red' };
        const published = { name: 'Red', meta, data, updaterId: 'me' };
        expect(mine[1]).toEqual({ ...published, isMine: true });
        expect(theirs[1]).toEqual({ ...published, isMine: false });
    });

    test('every publish is heard, in order, and not on other channels', async () => {
        await channels.join('Red');
        listen();
        for (let number = 1; number <= 100; number += 1) {
            channels.publish({ number });
        }
        await channels.publish({ number: 'elsewhere' }, 'Green');
        await settled();
        const numbers = Array.from({ length: 100 }, (_, index) => `Red ${index + 1}`);
        expect(heard).toEqual(['Red', ...numbers]);
    });

    test('goes to the channel that was to be joined before, and comes before what is left after', async () => {
        channels.join('Green');
        const publishing = channels.publish({ a: 1 });
        channels.leave();
        await publishing;
        expect(gateway.writes.map(({ name }) => name)).toEqual(['___channel___Green']);
    });

    test('needs a channel', async () => {
        await expect(channels.publish({ a: 1 })).rejects.toThrow(
            'There is no channel to publish on: join one, or name one',
        );
        await expect(channels.publish({ a: 1 }, 'Rde')).rejects.toThrow('did you mean "Red"?');
        await expect(channels.publish({ 'a.b': 1 }, 'Red')).rejects.toThrow('the key "a.b"');
        expect(gateway.writes).toEqual([]);
    });

    test('no data is no write', async () => {
        await channels.publish({}, 'Red');
        expect(gateway.writes).toEqual([]);
    });
});
