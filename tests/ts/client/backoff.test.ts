import { afterEach, expect, test, vi } from 'vitest';
import { delays } from '../../../src/client/backoff';

afterEach(() => {
    vi.restoreAllMocks();
});

function first(count: number, firstMs: number, random: number): number[] {
    vi.spyOn(Math, 'random').mockReturnValue(random);
    const waits = delays(firstMs);
    return Array.from({ length: count }, () => waits.next().value);
}

test('each delay is twice the one before, up to five seconds', () => {
    expect(first(8, 100, 1)).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000]);
});

test('half of a delay is random', () => {
    expect(first(3, 1000, 0)).toEqual([500, 1000, 2000]);
    expect(first(3, 1000, 0.5)).toEqual([750, 1500, 3000]);
});

test('they never end', () => {
    expect(first(10_000, 100, 1)[9_999]).toBe(5000);
});
