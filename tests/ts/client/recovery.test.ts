import { describe, expect, test } from 'vitest';
import { Recovery, type Replay } from '../../../src/client/recovery';

const REPLAY: Replay = { epoch: 'e', branch: 'eu', offset: 5, recovered: true, data: [] };

describe('a subscription at one publisher', () => {
    test('asks as a newcomer, and then from where it was', () => {
        const recovery = new Recovery(false);
        expect(recovery.position('a')).toEqual({});
        const standing = recovery.begin('a', REPLAY);
        expect(standing.recovered).toBe(true);
        expect(recovery.position('a')).toEqual({ epoch: 'e', branch: 'eu', offset: 5 });
        expect([6, 8, 8, 7, 3].map((offset) => standing.take(offset))).toEqual([
            true,
            true,
            false,
            false,
            false,
        ]);
        expect(recovery.position('a')).toEqual({ epoch: 'e', branch: 'eu', offset: 8 });
    });

    test('does not know where it is with a publisher that keeps nothing', () => {
        const recovery = new Recovery(false);
        const standing = recovery.begin('a', undefined);
        expect(standing.recovered).toBeNull();
        expect([5, 5, undefined].map((offset) => standing.take(offset))).toEqual([
            true,
            true,
            true,
        ]);
        expect(recovery.position('a')).toEqual({ epoch: '' });
    });

    test('may have missed something where another one takes its place', () => {
        const recovery = new Recovery(false);
        recovery.begin('a', REPLAY);
        expect(recovery.begin('b', { ...REPLAY, epoch: 'f' }).recovered).toBe(false);
        expect(recovery.begin('a', REPLAY).recovered).toBe(false);
        expect(recovery.begin('a', REPLAY).recovered).toBe(true);
    });
});

describe('a subscription at several publishers', () => {
    test('stands somewhere at each', () => {
        const recovery = new Recovery(true);
        recovery.begin('a', REPLAY);
        expect(recovery.begin('b', { ...REPLAY, epoch: 'f' }).recovered).toBe(true);
        expect(recovery.position('a').epoch).toBe('e');
        expect(recovery.position('b').epoch).toBe('f');
        expect(recovery.position('c')).toEqual({});
    });

    test('forgets those of long ago', () => {
        const recovery = new Recovery(true);
        for (let n = 0; n <= 1000; n += 1) {
            recovery.begin(`publisher ${n}`, REPLAY);
        }
        expect(recovery.position('publisher 0')).toEqual({});
        expect(recovery.position('publisher 1').epoch).toBe('e');
    });
});
