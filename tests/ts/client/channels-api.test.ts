import { beforeEach, describe, expect, test } from 'vitest';
import { ChannelsApi } from '../../../src/client/channels-api';
import { ContextChannels } from '../../../src/client/context-channels';
import { FakeContextGateway } from '../support/fake-contexts';

let gateway: FakeContextGateway;
let channels: ChannelsApi;
let others: ContextChannels;

beforeEach(() => {
    gateway = new FakeContextGateway();
    for (const name of ['Red', 'Green', 'Blue']) {
        gateway.addChannel(name);
    }
    const mine = new ContextChannels(gateway.connect('me'));
    channels = new ChannelsApi(mine);
    others = new ContextChannels(gateway.connect('other'));
});

async function settled(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
}

/** What callbacks were given: data, channel and writer. */
function heardBy(subscribe: (callback: any) => unknown): unknown[] {
    const heard: unknown[] = [];
    subscribe((data: any, { name }: any, updaterId: any) => heard.push([data, name, updaterId]));
    return heard;
}

test('functions can be handed around', async () => {
    const { all, join, my } = channels;
    expect(await all()).toEqual(['Red', 'Green', 'Blue']);
    await join('Red');
    expect(my()).toBe('Red');
});

describe('membership', () => {
    test('of one channel', async () => {
        const [changed, names]: unknown[][] = [[], []];
        const stop = channels.onChanged((name) => changed.push(name));
        channels.onChannelsChanged((all) => names.push(all));
        expect([channels.mode, channels.my(), channels.current()]).toEqual([
            'single',
            undefined,
            undefined,
        ]);
        expect(await channels.getMy()).toBeUndefined();
        await channels.join('Red');
        expect(channels.current()).toBe('Red');
        expect(await channels.getMy()).toEqual({ name: 'Red', meta: { color: 'red' }, data: {} });
        await channels.join('Green');
        await channels.leave();
        expect(channels.myChannels()).toEqual([]);
        expect(changed).toEqual(['Red', 'Green', undefined]);
        expect(names).toEqual([['Red'], ['Green'], []]);
        stop();
        await channels.join('Red');
        expect(changed).toHaveLength(3);
    });

    test('of several', async () => {
        const several = new ContextChannels(gateway.connect('several'));
        several.setMode('multi');
        const api = new ChannelsApi(several);
        await Promise.all([api.join('Red'), api.join('Green'), api.join('Blue')]);
        expect([api.mode, api.my(), api.myChannels()]).toEqual([
            'multi',
            'Red',
            ['Red', 'Green', 'Blue'],
        ]);
        expect((await api.getMy())?.name).toBe('Blue');
        await api.leave({ channel: 'Green' });
        expect((await api.getMyChannels()).map(({ name }) => name)).toEqual(['Red', 'Blue']);
    });

    test('of a channel that there is not is refused', async () => {
        await expect(channels.join('Rde')).rejects.toThrow('There is no channel "Rde"');
        await expect(channels.get('Rde')).rejects.toThrow('There is no channel "Rde"');
        await expect(channels.subscribeFor('Rde', () => {})).rejects.toThrow('no channel "Rde"');
    });
});

describe('data', () => {
    test('a subscriber follows the page from channel to channel', async () => {
        const heard = heardBy((callback) => channels.subscribe(callback));
        await others.publish({ a: 1 }, 'Red');
        await channels.join('Red');
        await others.publish({ a: 2 }, 'Red');
        await channels.publish({ a: 3 });
        await others.publish({ b: 1 }, 'Green');
        await channels.join('Green');
        await others.publish({ a: 4 }, 'Red');
        await settled();
        expect(heard).toEqual([
            [{ a: 1 }, 'Red', undefined],
            [{ a: 2 }, 'Red', 'other'],
            [{ a: 3 }, 'Red', 'me'],
            [{ b: 1 }, 'Green', undefined],
        ]);
    });

    test('a subscriber that comes later gets what is there, unless it has gone again', async () => {
        await channels.publish({ a: 1 }, 'Red');
        await channels.join('Red');
        const heard = heardBy((callback) => channels.subscribe(callback));
        const gone = heardBy((callback) => channels.subscribe(callback)());
        await settled();
        expect(heard).toEqual(
            [[{ a: 1 }, 'Red', 'me']].map(([data, name]) => [data, name, undefined]),
        );
        expect(gone).toEqual([]);
    });

    test('of one channel is heard wherever the page is', async () => {
        const heard: unknown[] = [];
        const stop = await channels.subscribeFor('Green', (data) => heard.push(data));
        await channels.publish({ a: 1 }, 'Green');
        await settled();
        stop();
        await channels.publish({ a: 2 }, 'Green');
        await settled();
        expect(heard).toEqual([{}, { a: 1 }]);
    });

    test('a subscriber may alter what it gets', async () => {
        await channels.join('Red');
        channels.subscribe((data) => {
            data.spoilt = true;
        });
        await channels.publish({ a: 1 });
        await settled();
        expect(await channels.get('Red')).toMatchObject({ data: { a: 1 } });
        expect((await channels.get('Red')).data).not.toHaveProperty('spoilt');
    });

    test('FDC3 data go by their type', async () => {
        await channels.join('Red');
        const all = heardBy((callback) => channels.subscribe(callback));
        const contacts = heardBy((callback) =>
            channels.subscribe(callback, { contextType: 'fdc3.contact' }),
        );
        const instrument = { type: 'fdc3.instrument', id: { ticker: 'AAPL' } };
        const contact = { type: 'fdc3.contact', name: 'Ann' };
        await settled();
        await channels.publish(instrument, { fdc3: true });
        await channels.publish(contact, { name: 'Red', fdc3: true });
        await channels.publish({ price: 1 });
        await settled();
        const raw = { 'fdc3_fdc3&instrument': { id: { ticker: 'AAPL' } } };
        expect(all).toEqual([
            [{}, 'Red', undefined],
            [{ fdc3: instrument }, 'Red', 'me'],
            [{ ...raw, fdc3: contact }, 'Red', 'me'],
            [{ ...raw, 'fdc3_fdc3&contact': { name: 'Ann' }, price: 1 }, 'Red', 'me'],
        ]);
        expect(contacts).toEqual([[{ fdc3: contact }, 'Red', 'me']]);
        expect((await channels.get('Red', { contextType: 'fdc3.instrument' })).data).toEqual({
            fdc3: instrument,
        });
        expect((await channels.getMy())?.data).toEqual({ ...raw, price: 1, fdc3: contact });
        await channels.clearChannelData('Red');
        expect((await channels.get('Red')).data).toEqual({});
    });

    test('paths begin at the data', async () => {
        await channels.join('Red');
        await channels.setPaths([
            { path: 'a.b', value: 1 },
            { path: 'c', value: 2 },
        ]);
        await channels.setPath({ path: 'c', value: null }, 'Red');
        expect((await channels.get('Red')).data).toEqual({ a: { b: 1 } });
    });

    test('needs a function to be heard', () => {
        const none = undefined as any;
        for (const listen of [channels.subscribe, channels.onChanged, channels.onChannelsChanged]) {
            expect(() => listen(none)).toThrow('has to be a function');
        }
    });
});

test('channels can be added and removed', async () => {
    await channels.add({ name: 'Gold', meta: { color: 'gold' }, data: { a: 1 } });
    expect((await others.get('Gold')).data).toEqual({ a: 1 });
    await channels.remove('Gold');
    expect((await channels.list()).map(({ name }) => name)).toEqual(['Red', 'Green', 'Blue']);
});
