import { beforeEach, describe, expect, test, vi } from 'vitest';
import { HistoryFrames } from '../../../src/client/history-frames';
import type { Replay } from '../../../src/client/recovery';

const SNAPSHOT = { epoch: 'e', branch: 'eu', offset: 5, recovered: true };

let frames: HistoryFrames;
/** The offset that is present whenever core hears a frame. */
let heard: (number | undefined)[];

beforeEach(() => {
    frames = new HistoryFrames(() => 1000);
    heard = [];
});

function hear(frame: Record<string, any>): void {
    frames.hear(frame as any, () => heard.push(frames.offset));
}

function event(more: object): object {
    const nothing = { oob: false, sequence: null, snapshot: null, data: {} };
    return { type: 'event', subscription_id: 's', ...nothing, ...more };
}

describe('the subscriber', () => {
    const args = { symbol: 'VOD' };
    const subscribe = { type: 'subscribe', request_id: 'r', arguments_kv: args };

    test('asks from its position on', () => {
        frames.ask(args, { epoch: 'e', branch: 'eu', offset: 3 });
        expect(frames.framesFor(subscribe)).toEqual([
            { ...subscribe, context: { recover: { epoch: 'e', branch: 'eu', offset: 3 } } },
        ]);
    });

    test('that is somebody else of the page asks for nothing', () => {
        frames.ask(args, {});
        const other = { ...subscribe, arguments_kv: { ...args } };
        expect(frames.framesFor(other)).toEqual([other]);
        expect(frames.framesFor({ type: 'subscribe' })).toEqual([{ type: 'subscribe' }]);
    });

    test('gets what was sent ahead, and core does not', () => {
        frames.ask(args, {});
        frames.framesFor(subscribe);
        hear(event({ oob: true, snapshot: SNAPSHOT, data: [{ n: 1 }] }));
        expect(heard).toEqual([]);
        hear({ type: 'subscribed', request_id: 'r', subscription_id: 's' });
        expect(heard).toEqual([undefined]);
        expect(frames.replayFor(args)).toEqual({ ...SNAPSHOT, data: [{ n: 1 }] });
    });

    test('of a publisher that keeps nothing gets nothing', () => {
        frames.ask(args, {});
        frames.framesFor(subscribe);
        hear({ type: 'subscribed', request_id: 'r', subscription_id: 's' });
        expect(frames.replayFor(args)).toBeUndefined();
    });

    test.each([
        ['no snapshot', { oob: true, data: [] }],
        ['a snapshot of somebody else', { oob: true, snapshot: { a: 1 }, data: [] }],
        ['no list', { oob: true, snapshot: SNAPSHOT, data: {} }],
        ['a publish', { snapshot: SNAPSHOT, data: [] }],
        ['a negative offset', { oob: true, snapshot: { ...SNAPSHOT, offset: -1 }, data: [] }],
    ])('an event with %s is data', (_, more) => {
        hear(event(more));
        expect(heard).toHaveLength(1);
    });

    test.each([
        [7, 7],
        [null, undefined],
        ['7', undefined],
        [-1, undefined],
        [1.5, undefined],
    ])('sequence %j is the offset %j while core hears of the datum', (sequence, offset) => {
        hear(event({ sequence }));
        expect(heard).toEqual([offset]);
        expect(frames.offset).toBeUndefined();
    });

    test('has no offset any more after a listener that throws', () => {
        const frame: any = event({ sequence: 7 });
        const fail = () => {
            throw new Error('no');
        };
        expect(() => frames.hear(frame, fail)).toThrow('no');
        expect(frames.offset).toBeUndefined();
    });

    test('that was lost or refused is forgotten', () => {
        frames.ask(args, {});
        frames.framesFor(subscribe);
        hear(event({ oob: true, snapshot: SNAPSHOT, data: [] }));
        frames.clear();
        hear({ type: 'subscribed', request_id: 'r', subscription_id: 's' });
        expect(frames.replayFor(args)).toBeUndefined();
        frames.framesFor(subscribe);
        hear({ type: 'error', request_id: 'r' });
        hear(event({ oob: true, snapshot: SNAPSHOT, data: [] }));
        hear({ type: 'subscribed', request_id: 'r', subscription_id: 's' });
        expect(frames.replayFor(args)).toBeUndefined();
    });
});

describe('the publisher', () => {
    const accepted = { domain: 'agm', type: 'accepted', peer_id: 'p', subscription_id: 's' };
    const replay: Replay = { ...SNAPSHOT, data: [{ n: 1 }] };
    let replayed: ReturnType<typeof vi.fn<(position: any) => Replay>>;

    beforeEach(() => {
        replayed = vi.fn(() => replay);
    });

    /** What is sent when it accepts a subscription. */
    function accept(): object[] {
        let sent: object[] = [];
        frames.accept(replayed, () => {
            sent = frames.framesFor(accepted);
        });
        return sent;
    }

    function interest(context: unknown): void {
        hear({ type: 'add-interest', subscription_id: 's', context });
    }

    test.each([
        [{}, { branch: '', offset: 0 }],
        [{ epoch: null }, { branch: '', offset: 0 }],
        [{ epoch: '' }, { epoch: '', branch: '', offset: 0 }],
        [
            { epoch: 'e', branch: 'eu', offset: 3 },
            { epoch: 'e', branch: 'eu', offset: 3 },
        ],
    ])('sends what was kept ahead to one that asks with %j', (recover, position) => {
        interest({ recover });
        expect(accept()).toEqual([
            {
                domain: 'agm',
                type: 'post',
                peer_id: 'p',
                subscription_id: 's',
                data: [{ n: 1 }],
                snapshot: SNAPSHOT,
            },
            accepted,
        ]);
        expect(replayed).toHaveBeenCalledExactlyOnceWith(position);
    });

    test.each([
        [null],
        [{}],
        ['x'],
        [{ recover: null }],
        [{ recover: [] }],
        [{ recover: { epoch: 5 } }],
        [{ recover: { offset: -1 } }],
        [{ recover: { branch: null } }],
    ])('sends nothing ahead to one that asks with %j', (context) => {
        interest(context);
        expect(accept()).toEqual([accepted]);
        expect(replayed).not.toHaveBeenCalled();
    });

    test('sends nothing ahead where nothing is kept', () => {
        interest({ recover: {} });
        expect(frames.framesFor(accepted)).toEqual([accepted]);
        expect(accept()).toEqual([accepted]);
    });

    test('forgets who has left, was refused, or was lost', () => {
        interest({ recover: {} });
        hear({ type: 'remove-interest', subscription_id: 's' });
        expect(accept()).toEqual([accepted]);
        interest({ recover: {} });
        frames.framesFor({ type: 'error', request_id: 's' });
        expect(accept()).toEqual([accepted]);
        interest({ recover: {} });
        frames.clear();
        expect(accept()).toEqual([accepted]);
    });

    test('numbers what it keeps, and nothing else', () => {
        const publish = { type: 'publish', data: {} };
        frames.publish(7, () => {
            expect(frames.framesFor(publish)).toEqual([{ ...publish, sequence: 7 }]);
            expect(frames.framesFor({ type: 'post' })).toEqual([{ type: 'post' }]);
        });
        expect(frames.framesFor(publish)).toEqual([publish]);
    });
});
