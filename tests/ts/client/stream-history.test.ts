import { describe, expect, test } from 'vitest';
import type { Position, Replay } from '../../../src/client/recovery';
import { StreamHistory } from '../../../src/client/stream-history';

function push(history: StreamHistory, n: number, branches?: string[], more: object = {}): void {
    history.push({ n, ...more }, branches, () => {});
}

const numbers = ({ data }: Replay) => data.map((datum: any) => datum.n);

/** Where somebody stands who has had a replay. */
function positionAfter({ epoch, branch, offset }: Replay): Position {
    return { epoch, branch, offset };
}

describe('a newcomer', () => {
    test('gets all that is kept, the oldest first', () => {
        const history = new StreamHistory({ size: 3 }, 'e');
        for (const n of [1, 2, 3]) {
            push(history, n);
        }
        expect(history.replay('', {})).toEqual({
            epoch: 'e',
            branch: '',
            offset: 3,
            recovered: true,
            data: [{ n: 1 }, { n: 2 }, { n: 3 }],
        });
    });

    test('is told that some is kept no longer', () => {
        const history = new StreamHistory({ size: 2 }, 'e');
        for (const n of [1, 2, 3]) {
            push(history, n);
        }
        const replay = history.replay('', {});
        expect([numbers(replay), replay.recovered]).toEqual([[2, 3], false]);
    });

    test('to a stream without data misses nothing', () => {
        const history = new StreamHistory({ size: 2 }, 'e');
        expect(history.replay('', {})).toMatchObject({ offset: 0, recovered: true, data: [] });
    });

    test('gets what was pushed, whatever has become of the object', () => {
        const history = new StreamHistory({ size: 2 }, 'e');
        const data = { n: 1, when: new Date(5) };
        history.push(data, undefined, () => {});
        data.n = 2;
        expect(history.replay('', {}).data).toEqual([{ n: 1, when: '#T42_DATE#5' }]);
    });
});

describe('who comes back', () => {
    test('gets what came meanwhile', () => {
        const history = new StreamHistory({ size: 3 }, 'e');
        push(history, 1);
        const position = positionAfter(history.replay('', {}));
        push(history, 2);
        push(history, 3);
        const replay = history.replay('', position);
        expect([numbers(replay), replay.recovered, replay.offset]).toEqual([[2, 3], true, 3]);
    });

    test.each<[string, Position]>([
        ['more was pushed than is kept', { epoch: 'e', branch: '', offset: 1 }],
        ['the epoch is another one', { epoch: 'f', branch: '', offset: 4 }],
        ['the position is not known', { epoch: '' }],
        ['the offset was never reached', { epoch: 'e', branch: '', offset: 9 }],
    ])('misses something where %s', (_, position) => {
        const history = new StreamHistory({ size: 2 }, 'e');
        for (const n of [1, 2, 3, 4]) {
            push(history, n);
        }
        const replay = history.replay('', position);
        expect([numbers(replay), replay.recovered]).toEqual([[3, 4], false]);
    });

    test('on another branch misses what was pushed to that', () => {
        const history = new StreamHistory({ size: 9 }, 'e');
        push(history, 1, ['eu']);
        const position = positionAfter(history.replay('us', {}));
        push(history, 2);
        const replay = history.replay('eu', position);
        expect([numbers(replay), replay.recovered]).toEqual([[2], false]);
    });
});

describe('branches', () => {
    test('have what was pushed to them and to all', () => {
        const history = new StreamHistory({ size: 9 }, 'e');
        push(history, 1);
        push(history, 2, ['eu']);
        push(history, 3, ['us', 'eu', 'us']);
        push(history, 4);
        const kept = ['eu', 'us', 'asia'].map((key) => history.replay(key, {}));
        expect(kept.map(numbers)).toEqual([
            [1, 2, 3, 4],
            [1, 3, 4],
            [1, 4],
        ]);
        expect(kept.map(({ recovered }) => recovered)).toEqual([true, true, true]);
    });

    test('keep as many as the size says, those for all included', () => {
        const history = new StreamHistory({ size: 2 }, 'e');
        push(history, 1, ['eu']);
        push(history, 2, ['eu']);
        push(history, 3);
        const replay = history.replay('eu', {});
        expect([numbers(replay), replay.recovered]).toEqual([[2, 3], false]);
        expect(history.replay('us', {}).recovered).toBe(true);
    });

    test('of which the oldest was given up miss something', () => {
        const history = new StreamHistory({ size: 2 }, 'e');
        for (let n = 0; n <= 10_000; n += 1) {
            push(history, n, [`branch ${n}`]);
        }
        expect(history.replay('branch 0', {})).toMatchObject({ recovered: false, data: [] });
        expect(history.replay('branch 1', {})).toMatchObject({ recovered: true, data: [{ n: 1 }] });
    });
});

describe('the newest of each key', () => {
    const settings = { size: 2, key: 'symbol' };

    test('is kept', () => {
        const history = new StreamHistory(settings, 'e');
        push(history, 1, undefined, { symbol: 'VOD' });
        push(history, 2, undefined, { symbol: 'BT' });
        push(history, 3, undefined, { symbol: 'VOD' });
        const replay = history.replay('', {});
        expect([numbers(replay), replay.recovered]).toEqual([[2, 3], true]);
    });

    test('of more keys than are kept is missed', () => {
        const history = new StreamHistory(settings, 'e');
        for (const [n, symbol] of ['VOD', 'BT', 'BARC'].entries()) {
            push(history, n, undefined, { symbol });
        }
        const replay = history.replay('', {});
        expect([numbers(replay), replay.recovered]).toEqual([[1, 2], false]);
    });

    test('may have gone to all or to the branch', () => {
        const history = new StreamHistory(settings, 'e');
        push(history, 1, undefined, { symbol: 'VOD' });
        push(history, 2, ['eu'], { symbol: 'VOD' });
        push(history, 3, ['eu'], { symbol: 'BT' });
        push(history, 4, undefined, { symbol: 'BT' });
        expect(numbers(history.replay('eu', {}))).toEqual([2, 4]);
    });

    test('needs the key', () => {
        const history = new StreamHistory(settings, 'e');
        expect(() => push(history, 1)).toThrow('data has no field "symbol"');
        expect(history.replay('', {}).offset).toBe(0);
    });
});

describe('sizes', () => {
    test('what is too large for a frame is left out and told', () => {
        const history = new StreamHistory({ size: 9 }, 'e');
        for (const n of [1, 2, 3]) {
            push(history, n, undefined, { text: 'x'.repeat(1000) });
        }
        const replay = history.replay('', {}, 1024 + 2100);
        expect([numbers(replay), replay.recovered]).toEqual([[2, 3], false]);
    });

    test('no more than 8 MiB are kept, in bytes of UTF-8', () => {
        const history = new StreamHistory({ size: 9 }, 'e');
        for (const n of [1, 2, 3]) {
            push(history, n, undefined, { text: '€'.repeat(1024 * 1024) });
        }
        const replay = history.replay('', {});
        expect([numbers(replay), replay.recovered]).toEqual([[2, 3], false]);
    });

    test('what cannot be sent is not kept', () => {
        const history = new StreamHistory({ size: 9 }, 'e');
        const refuse = () => {
            throw new Error('too large');
        };
        expect(() => history.push({ n: 1 }, undefined, refuse)).toThrow('too large');
        push(history, 2);
        expect(history.replay('', {})).toMatchObject({ offset: 2, data: [{ n: 2 }] });
    });
});
