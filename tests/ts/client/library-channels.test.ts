import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Channel, JoinedChannel } from '../../../src/client/channels';
import { ChannelsApi } from '../../../src/client/channels-api';
import { channelsOf } from '../../../src/client/channels-of';
import { ContextChannels } from '../../../src/client/context-channels';
import type { LibraryChannels } from '../../../src/client/library-channels';
import { FakeContextGateway, type FakeContexts } from '../support/fake-contexts';

let gateway: FakeContextGateway;
let contexts: FakeContexts;
/** What the page's library does with the same channels. */
let platform: ContextChannels;
let library: any;

beforeEach(() => {
    gateway = new FakeContextGateway();
    for (const name of ['Red', 'Green']) {
        gateway.addChannel(name);
    }
    contexts = gateway.connect('me');
    platform = new ContextChannels(contexts);
    library = { ...new ChannelsApi(platform), mode: 'single' };
});

function page(): LibraryChannels {
    const io = { channels: library, interop: { instance: { peerId: 'me' } } };
    return channelsOf(io, contexts) as LibraryChannels;
}

function heardBy(channels: LibraryChannels): string[] {
    const heard: string[] = [];
    const described = ({ name, data, isMine }: JoinedChannel) =>
        [name, ...Object.values(data), ...(isMine ? ['mine'] : [])].join(' ');
    channels.onMy((joined) => heard.push(joined.map(described).join(', ')));
    return heard;
}

async function settled(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
}

test('a page whose library has no channels gets ours, which its scripts find', () => {
    const io: any = { interop: {} };
    const channels = channelsOf(io, contexts);
    expect(channels).toBeInstanceOf(ContextChannels);
    expect(io.channels).toBeInstanceOf(ChannelsApi);
    expect(channelsOf(Object.freeze({ interop: {} }), contexts)).toBeInstanceOf(ContextChannels);
});

describe('the channels of a library', () => {
    test('are joined, heard, published on and left', async () => {
        const channels = page();
        const heard = heardBy(channels);
        await channels.join('Red');
        await channels.publish({ a: 1 });
        await channels.publish({ b: 2 }, 'Green');
        await channels.join('Green');
        await channels.leave();
        await settled();
        expect(heard).toEqual(['', 'Red', 'Red 1 mine', 'Green 2', '']);
        expect(channels.my()).toEqual([]);
    });

    test('are heard of when the user chooses in the platform', async () => {
        const heard = heardBy(page());
        await platform.join('Red');
        await platform.join('Green');
        await platform.leave();
        await settled();
        expect(heard).toEqual(['', 'Red', 'Green', '']);
    });

    test('that a page is on already come first', async () => {
        await platform.publish({ a: 1 }, 'Red');
        await platform.join('Red');
        const heard = heardBy(page());
        await settled();
        expect(heard).toEqual(['Red 1']);
    });

    test('are listed with their data, also those that come later', async () => {
        const lists: string[] = [];
        const channels = page();
        const described = (list: Channel[]) =>
            list.map(({ name, data }) => name + Object.keys(data));
        channels.onList((list) => lists.push(described(list).join()));
        await settled();
        await channels.publish({ a: 1 }, 'Green');
        await platform.add({ name: 'Gold', meta: { color: 'gold' } });
        await settled();
        expect(lists[0]).toBe('Red,Green');
        expect(lists).toContain('Red,Greena');
        expect(lists[lists.length - 1]).toBe('Red,Greena,Gold');
    });

    test('of a platform with many modes are heard as it has them', async () => {
        platform.setMode('multi');
        library.mode = 'multi';
        const channels = page();
        const heard = heardBy(channels);
        await Promise.all([channels.join('Green'), channels.join('Red')]);
        await channels.publish({ a: 1 });
        await channels.leave('Green');
        await settled();
        expect(channels.my()).toEqual(['Red']);
        expect(heard[0]).toBe('');
        expect(heard).toContain('Green 1 mine, Red 1 mine');
        expect(heard[heard.length - 1]).toBe('Red 1 mine');
    });

    test('may be in one string, as some platforms have them', () => {
        library.myChannels = undefined;
        library.my = () => 'Red+++Green';
        expect(page().my()).toEqual(['Red', 'Green']);
        library.my = undefined;
        library.current = () => undefined;
        expect(page().my()).toEqual([]);
    });
});

describe('what is wrong is said in words', () => {
    test.each([
        ['an unknown channel', () => page().join('Rde'), 'There is no channel "Rde": did you mean'],
        ['one that is not left', () => page().leave('Gold'), 'There is no channel "Gold"'],
        ['no channel', () => page().publish({ a: 1 }), 'There is no channel to publish on'],
        ['no dict', () => page().publish('a', 'Red'), 'have to be a dict, not "a"'],
        ['a dot', () => page().publish({ 'a.b': 1 }, 'Red'), 'the key "a.b"'],
    ])('%s', async (_, act, message) => {
        await expect(act()).rejects.toThrow(message);
    });

    test('what the library rejects with, whatever it is', async () => {
        library.join = () => Promise.reject('restricted');
        await expect(page().join('Red')).rejects.toThrow('restricted');
        library.join = () => {
            throw { message: 'broken' };
        };
        await expect(page().join('Red')).rejects.toThrow('broken');
    });

    test('a library that does not answer', async () => {
        vi.useFakeTimers();
        library.join = () => new Promise(() => {});
        const refused = expect(page().join('Red')).rejects.toThrow(
            '"Red" could not be joined within 30000 ms',
        );
        await vi.advanceTimersByTimeAsync(30_000);
        await refused;
        vi.useRealTimers();
    });

    test('the mode is for the platform to choose', () => {
        page().setMode('single');
        expect(() => page().setMode('multi')).toThrow(
            'mode cannot be "multi": the platform of this page decides, and has "single"',
        );
    });
});
