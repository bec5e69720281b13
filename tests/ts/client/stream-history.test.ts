import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { type HistorySettings, readHistory } from '../../../src/client/history-settings';
import type { Replay } from '../../../src/client/recovery';
import { StreamHistory } from '../../../src/client/stream-history';

const file = path.join(import.meta.dirname, '../../vectors/history.json');
const vectors: any[] = JSON.parse(readFileSync(file, 'utf-8'));

function push(history: StreamHistory, n: number, branches?: string[], more: object = {}): void {
    history.push({ n, ...more }, branches, () => {});
}

const numbers = ({ data }: Replay) => data.map((datum: any) => datum.n);

test.each(vectors)('$what', ({ history: given, steps }) => {
    const history = new StreamHistory(readHistory(given) as HistorySettings, 'e');
    for (const { push: pushed, branches, on = '', ask, gets, offset, recovered } of steps) {
        if (pushed) {
            history.push(pushed, branches, () => {});
        } else {
            const replay = history.replay(on, ask);
            expect([numbers(replay), replay]).toEqual([
                gets,
                expect.objectContaining({ epoch: 'e', branch: on, offset, recovered }),
            ]);
        }
    }
});

test('what is kept is what was pushed, whatever becomes of the object', () => {
    const history = new StreamHistory({ size: 2 }, 'e');
    const data = { n: 1, when: new Date(5) };
    history.push(data, undefined, () => {});
    data.n = 2;
    expect(history.replay('', {}).data).toEqual([{ n: 1, when: '#T42_DATE#5' }]);
});

test('branches of which the oldest was given up miss something', () => {
    const history = new StreamHistory({ size: 2 }, 'e');
    for (let n = 0; n <= 10_000; n += 1) {
        push(history, n, [`branch ${n}`]);
    }
    expect(history.replay('branch 0', {})).toMatchObject({ recovered: false, data: [] });
    expect(history.replay('branch 1', {})).toMatchObject({ recovered: true, data: [{ n: 1 }] });
});

test('a datum without the key is neither sent nor kept', () => {
    const history = new StreamHistory({ size: 2, key: 'symbol' }, 'e');
    const send = vi.fn();
    expect(() => history.push({ n: 1 }, undefined, send)).toThrow('data has no field "symbol"');
    expect(send).not.toHaveBeenCalled();
    expect(history.replay('', {}).offset).toBe(0);
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

    test('no more than 4 MiB are kept, in bytes of UTF-8', () => {
        const history = new StreamHistory({ size: 9 }, 'e');
        for (const n of [1, 2, 3]) {
            push(history, n, undefined, { text: '€'.repeat(512 * 1024) });
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
