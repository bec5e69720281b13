import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SubscriptionRequest } from '../../../src/client/stream-subscribers';
import { AnswerLost } from '../../../src/dash/lost-answers';
import {
    MOST_WAITING,
    type RequestValue,
    SubscriptionRequests,
} from '../../../src/dash/subscription-requests';
import type { Delivery } from '../../../src/dash/triggered-runs';

const DECIDER: any = { inputs: ['s.request'], outputs: ['s.decision'] };

/** The callbacks of a StreamPublish, as the requests see them; the test says when they end. */
class FakeCallbacks {
    readonly delivered: RequestValue[] = [];
    readonly warnings: string[] = [];
    abandoned = 0;
    /** Whether a callback that has not run writes to decision, too. */
    othersMayDecide = false;
    private resolve: ((delivery: Delivery) => void) | undefined;

    deliver = (value: RequestValue): Promise<Delivery> => {
        expect(this.resolve).toBeUndefined();
        this.delivered.push(value);
        return new Promise((resolve) => {
            this.resolve = resolve;
        });
    };

    abandon = (): void => {
        this.abandoned += 1;
        this.end();
    };

    mayDecideLater = (callbacks: Delivery['callbacks']): boolean => {
        expect(callbacks).toEqual(new Set([DECIDER]));
        return this.othersMayDecide;
    };

    warn = (message: string): void => {
        this.warnings.push(message);
    };

    /** The callbacks of the present request have ended. */
    async end(delivery: Partial<Delivery> = {}): Promise<void> {
        const { resolve } = this;
        this.resolve = undefined;
        resolve?.({ callbacks: new Set([DECIDER]), ...delivery });
        await vi.advanceTimersByTimeAsync(0);
    }
}

let callbacks: FakeCallbacks;
let requests: SubscriptionRequests;
/** What each subscriber was told. */
let told: Record<string, string[]>;

beforeEach(() => {
    vi.useFakeTimers();
    callbacks = new FakeCallbacks();
    requests = new SubscriptionRequests(1_000, callbacks);
    told = {};
});

afterEach(() => {
    vi.useRealTimers();
});

/** Somebody asks; what it is told is kept under its name, in a list, as it must come once. */
function makeRequest(name: string): SubscriptionRequest {
    const answers: string[] = [];
    told[name] = answers;
    const asked = {
        arguments: { name },
        instance: { application: name },
        acceptOnBranch: (branch: string) => answers.push(`accepted ${branch}`.trim()),
        reject: (reason: string) => answers.push(`rejected: ${reason}`),
    };
    return new SubscriptionRequest(asked, (_request, tell) => tell());
}

async function ask(name: string): Promise<SubscriptionRequest> {
    const request = makeRequest(name);
    requests.add(request);
    await vi.advanceTimersByTimeAsync(0);
    return request;
}

/** The names of those whose requests the callbacks have seen. */
function seen(): string[] {
    return callbacks.delivered.map(({ caller }) => caller.application);
}

describe('one at a time', () => {
    test('a request says what callbacks need to know', async () => {
        const { id } = await ask('ann');
        expect(callbacks.delivered).toEqual([
            { requestId: id, arguments: { name: 'ann' }, caller: { application: 'ann' } },
        ]);
    });

    test('the next one follows when the callbacks have ended and it is decided', async () => {
        const ann = await ask('ann');
        await ask('bob');
        requests.decide({ requestId: ann.id, branch: 'A' });
        await vi.advanceTimersByTimeAsync(0);
        expect(seen()).toEqual(['ann']);
        await callbacks.end();
        expect(seen()).toEqual(['ann', 'bob']);
        expect(told).toEqual({ ann: ['accepted A'], bob: [] });
    });

    test('the next one waits for the decision of a callback that comes later', async () => {
        callbacks.othersMayDecide = true;
        const ann = await ask('ann');
        await ask('bob');
        await callbacks.end();
        expect(seen()).toEqual(['ann']);
        requests.decide({ requestId: ann.id, branch: '' });
        await vi.advanceTimersByTimeAsync(0);
        expect(seen()).toEqual(['ann', 'bob']);
        expect(told.ann).toEqual(['accepted']);
    });

    test('a callback may decide on one that waits', async () => {
        await ask('ann');
        const bob = await ask('bob');
        requests.decide({ requestId: bob.id, reason: 'no' });
        await callbacks.end();
        expect(seen()).toEqual(['ann']);
        expect(told.bob).toEqual(['rejected: no']);
    });

    test('more than a limit are rejected', async () => {
        for (let count = 0; count <= MOST_WAITING; count += 1) {
            requests.add(makeRequest(`${count}`));
        }
        await vi.advanceTimersByTimeAsync(0);
        expect(told[MOST_WAITING - 1]).toEqual([]);
        expect(told[MOST_WAITING]).toEqual([]);
        requests.add(makeRequest('last'));
        expect(told.last).toEqual([
            `rejected: Overloaded: ${MOST_WAITING} requests are waiting already`,
        ]);
    });
});

describe('without a decision', () => {
    test('it is rejected at once when no other callback can decide', async () => {
        await ask('ann');
        await callbacks.end();
        const reason = 'The callback of the publisher ended without a decision';
        expect(told.ann).toEqual([`rejected: ${reason}`]);
        expect(callbacks.warnings).toEqual([`a subscription was rejected: ${reason}`]);
    });

    test.each([
        [{ error: new Response(null, { status: 500 }) }, 'with 500: its log says why'],
        [{ error: new AnswerLost() }, 'has the login expired?'],
        [{ error: new TypeError('no'), payload: {} }, 'in the page failed: TypeError: no'],
    ])('it is rejected at once when the callback failed with %j', async (failure, reason) => {
        callbacks.othersMayDecide = true;
        await ask('ann');
        await callbacks.end({ failure });
        expect(told.ann[0]).toContain(reason);
    });

    test('it is rejected when its time is up, and the next one follows', async () => {
        await ask('ann');
        await vi.advanceTimersByTimeAsync(500);
        await ask('bob');
        await vi.advanceTimersByTimeAsync(499);
        expect(told.ann).toEqual([]);
        await vi.advanceTimersByTimeAsync(1);
        const reason = 'The publisher did not decide on the subscription within 1000 ms';
        expect(told.ann).toEqual([`rejected: ${reason}`]);
        expect(callbacks.abandoned).toBe(1);
        expect(seen()).toEqual(['ann', 'bob']);
        expect(callbacks.warnings).toEqual([`a subscription was rejected: ${reason}`]);
    });

    test('its time runs while it waits for its turn, and then nobody sees it', async () => {
        await ask('ann');
        requests.timeoutMs = 100;
        await ask('bob');
        await vi.advanceTimersByTimeAsync(100);
        expect(told.bob).toHaveLength(1);
        expect(callbacks.abandoned).toBe(0);
        await callbacks.end();
        expect(seen()).toEqual(['ann']);
    });

    test('one that waits for a later decision ends in time', async () => {
        callbacks.othersMayDecide = true;
        await ask('ann');
        await ask('bob');
        await callbacks.end();
        await vi.advanceTimersByTimeAsync(1_000);
        expect(told.ann).toHaveLength(1);
    });

    test('a decision that cannot be read is its end', async () => {
        const { id } = await ask('ann');
        requests.spoil(id, 'it is a list');
        requests.spoil('nobody', 'it is a list');
        requests.spoil(undefined, 'it is a list');
        expect(told.ann).toEqual(['rejected: The decision cannot be read: it is a list']);
    });
});

describe('a subscriber that leaves', () => {
    test('takes a request out that waits', async () => {
        await ask('ann');
        const bob = await ask('bob');
        await ask('carl');
        requests.withdraw(bob);
        await callbacks.end();
        expect(seen()).toEqual(['ann', 'carl']);
        expect(told.bob).toEqual([]);
    });

    test('ends the wait for a decision', async () => {
        callbacks.othersMayDecide = true;
        const ann = await ask('ann');
        await ask('bob');
        await callbacks.end();
        requests.withdraw(ann);
        await vi.advanceTimersByTimeAsync(0);
        expect(seen()).toEqual(['ann', 'bob']);
    });

    test('makes the decision of nobody wrong', async () => {
        const ann = await ask('ann');
        requests.withdraw(ann);
        requests.decide({ requestId: ann.id, branch: '' });
        await callbacks.end();
        expect(told.ann).toEqual([]);
        expect(callbacks.warnings).toEqual([]);
    });

    test('leaves no timer behind', async () => {
        requests.withdraw(await ask('ann'));
        expect(vi.getTimerCount()).toBe(0);
    });
});

describe('a decision that nobody waits for', () => {
    test('names a request that never was', () => {
        expect(() => requests.decide({ requestId: 'x', branch: '' })).toThrow(
            'no request x waits for a decision',
        );
    });

    test('comes a second time', async () => {
        const { id } = await ask('ann');
        requests.decide({ requestId: id, branch: '' });
        expect(() => requests.decide({ requestId: id, reason: 'no' })).toThrow(
            `the request ${id} was decided already`,
        );
        expect(told.ann).toEqual(['accepted']);
    });

    test('comes too late', async () => {
        const { id } = await ask('ann');
        await vi.advanceTimersByTimeAsync(1_000);
        expect(() => requests.decide({ requestId: id, branch: '' })).toThrow(
            `the request ${id} was rejected after 1000 ms`,
        );
        expect(told.ann).toHaveLength(1);
    });
});

test('at the end of the component nothing is left', async () => {
    await ask('ann');
    await ask('bob');
    requests.end();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(seen()).toEqual(['ann']);
    expect(told).toEqual({ ann: [], bob: [] });
    expect(vi.getTimerCount()).toBe(0);
});
