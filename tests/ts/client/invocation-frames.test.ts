import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { Frame } from '../../../src/client/codec';
import { InvocationFrames, type Invoked } from '../../../src/client/invocation-frames';

const CALL = { type: 'call', domain: 'agm', request_id: 'r', peer_id: 'p', arguments_kv: {} };
const INVOKE = { type: 'invoke', domain: 'agm', invocation_id: 'i', peer_id: 'p' };

let sent: Frame[];
/** What core heard, in order. */
let heard: Frame[];
let frames: InvocationFrames;

beforeEach(() => {
    sent = [];
    heard = [];
    frames = new InvocationFrames(
        (frame) => sent.push(frame),
        (frame) => heard.push(frame),
    );
    connect(['cancel', 'progress', 'delivered']);
});

/** The gateway says what it can do. */
function connect(extensions?: string[]): void {
    const available_domains = [{ uri: 'global' }, { uri: 'agm', extensions }];
    frames.connect({ type: 'welcome', available_domains });
}

function hear(frame: Frame): void {
    frames.hear(frame, () => heard.push(frame));
}

/** A call that core sends. */
function call(onProgress?: (value: unknown) => void, frame: Frame = CALL) {
    let inPlace: Frame | undefined;
    const made = frames.call({ timeoutMs: 1_500.5, onProgress }, () => {
        inPlace = frames.frameFor(frame);
    });
    return { made, inPlace };
}

test('joining agm, the page says what it understands', () => {
    const join = { type: 'join', domain: 'global', destination: 'agm' };
    const extensions = ['batches', 'cancel', 'progress', 'delivered'];
    expect(frames.frameFor(join)).toEqual({ ...join, extensions });
    const other = { ...join, destination: 'metrics' };
    expect(frames.frameFor(other)).toEqual(other);
});

describe('a call', () => {
    test('carries its time, and asks for progress where somebody listens', () => {
        expect(call().inPlace).toEqual({ ...CALL, timeout_ms: 1_501 });
        const asking = { ...CALL, timeout_ms: 1_501, progress: true };
        expect(call(() => {}).inPlace).toEqual(asking);
    });

    test('of other scripts of the page is left as it is', () => {
        expect(frames.frameFor(CALL)).toEqual(CALL);
    });

    test.each([[[]], [undefined]])('carries nothing to a gateway that offers %j', (offered) => {
        connect(offered);
        const { made, inPlace } = call(() => {});
        expect(inPlace).toEqual(CALL);
        made.cancel('cancelled');
        expect(sent).toEqual([]);
        expect(heard).toMatchObject([{ type: 'result', request_id: 'r' }]);
    });

    test('hears what its server tells, in order, and core does not', () => {
        const values: unknown[] = [];
        call((value) => values.push(value));
        for (const value of [1, null, { done: 3 }]) {
            hear({ type: 'progress', domain: 'agm', request_id: 'r', value });
        }
        hear({ type: 'progress', domain: 'agm', request_id: 'other', value: 4 });
        expect(values).toEqual([1, null, { done: 3 }]);
        expect(heard).toEqual([]);
    });

    test.each(['cancelled', 'timeout'] as const)('is given up once (%s)', (reason) => {
        const tell = vi.fn();
        const { made } = call(tell);
        made.cancel(reason);
        made.cancel(reason);
        const about = { domain: 'agm', request_id: 'r', peer_id: 'p' };
        expect(sent).toEqual([{ ...about, type: 'cancel-call', reason }]);
        // Core forgets the request.
        expect(heard).toEqual([{ ...about, type: 'result', result: {} }]);
        hear({ type: 'progress', request_id: 'r', value: 1 });
        expect(tell).not.toHaveBeenCalled();
    });

    test.each(['result', 'error'])('that has ended (%s) cannot be given up', (type) => {
        const { made } = call();
        hear({ type, domain: 'agm', request_id: 'r' });
        made.cancel('timeout');
        expect(sent).toEqual([]);
        expect(heard).toHaveLength(1);
    });

    test('knows whether its server got it, as far as that can be known', () => {
        const unsent = frames.call({ timeoutMs: 1 }, () => {});
        const { made } = call(() => {});
        const other = call(() => {}, { ...CALL, request_id: 's' }).made;
        hear({ type: 'progress', request_id: 's', value: 1 });
        frames.clear();
        expect([unsent, made, other].map(({ delivered }) => delivered)).toEqual([
            'no',
            'unknown',
            'yes',
        ]);
    });

    test('is over when the connection is lost', () => {
        const { made } = call();
        frames.clear();
        made.cancel('cancelled');
        expect(sent).toEqual([]);
    });
});

describe('an invocation', () => {
    function invoke(more: object): Invoked {
        let invoked: Invoked | undefined;
        frames.hear({ ...INVOKE, ...more }, () => {
            invoked = frames.invoked;
        });
        expect(frames.invoked).toBeUndefined();
        return invoked as Invoked;
    }

    test('says how long its caller waits', () => {
        expect(invoke({ timeout_ms: 700 }).budgetMs).toBe(700);
        expect(invoke({}).budgetMs).toBeUndefined();
    });

    test('tells how far it is where its caller asked', () => {
        const asked = invoke({ progress: true });
        asked.progress({ done: 1 });
        asked.progress(undefined);
        invoke({}).progress(2);
        const about = { domain: 'agm', type: 'progress', peer_id: 'p', invocation_id: 'i' };
        expect(sent).toEqual([
            { ...about, value: { done: 1 } },
            { ...about, value: null },
        ]);
    });

    test.each(['cancelled', 'timeout', 'left'])('hears that nobody waits (%s)', (reason) => {
        const reasons: string[] = [];
        frames.watch(invoke({}), (given) => reasons.push(given));
        hear({ type: 'cancel-invocation', domain: 'agm', invocation_id: 'j', reason });
        hear({ type: 'cancel-invocation', domain: 'agm', invocation_id: 'i', reason });
        expect(reasons).toEqual([reason]);
        expect(heard).toEqual([]);
    });

    test('that has ended hears nothing', () => {
        const onCancel = vi.fn();
        frames.watch(invoke({}), onCancel)();
        hear({ type: 'cancel-invocation', invocation_id: 'i', reason: 'left' });
        frames.clear();
        expect(onCancel).not.toHaveBeenCalled();
    });

    test('hears that the connection is lost', () => {
        const onCancel = vi.fn();
        frames.watch(invoke({}), onCancel);
        frames.clear();
        expect(onCancel.mock.calls).toEqual([['lost']]);
    });
});
