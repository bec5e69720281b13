import { afterEach, expect, test, vi } from 'vitest';
import { Listeners } from '../../../src/client/listeners';

afterEach(() => {
    vi.restoreAllMocks();
});

test('all who listen are told, until they stop, also the same function twice', () => {
    const listeners = new Listeners<[number]>();
    const told: number[] = [];
    const listen = (value: number) => told.push(value);
    const stop = listeners.add(listen);
    listeners.add(listen);
    listeners.tell(1);
    stop();
    listeners.tell(2);
    expect(told).toEqual([1, 1, 2]);
    expect(listeners.size).toBe(1);
});

test('one who stops while others are told hears no more', () => {
    const listeners = new Listeners<[number]>();
    const told: number[] = [];
    listeners.add(() => stop());
    const stop = listeners.add((value) => told.push(value));
    listeners.tell(1);
    expect(told).toEqual([]);
});

test('what one throws is shown, and does not keep the others from hearing', () => {
    const shown = vi.spyOn(console, 'error').mockImplementation(() => {});
    const failure = new Error('broken');
    const listeners = new Listeners<[number]>();
    const told: number[] = [];
    listeners.add(() => {
        throw failure;
    });
    listeners.add((value) => told.push(value));
    listeners.tell(1);
    expect(told).toEqual([1]);
    expect(shown).toHaveBeenCalledWith(failure);
});
