import { describe, expect, test } from 'vitest';
import { actionOf, moved, Typing } from '../../../src/ui/list-keys';

describe('keys', () => {
    test.each([
        ['ArrowDown', { do: 'open' }],
        ['ArrowUp', { do: 'open' }],
        ['Enter', { do: 'open' }],
        [' ', { do: 'open' }],
        ['r', { do: 'type', text: 'r' }],
        ['Escape', undefined],
        ['Tab', undefined],
        ['Home', undefined],
    ])('%j on a closed list', (key, action) => {
        expect(actionOf({ key }, false)).toEqual(action);
    });

    test.each([
        ['ArrowDown', { do: 'move', by: 1 }],
        ['ArrowUp', { do: 'move', by: -1 }],
        ['PageDown', { do: 'move', by: 10 }],
        ['PageUp', { do: 'move', by: -10 }],
        ['Home', { do: 'move', by: Number.NEGATIVE_INFINITY }],
        ['End', { do: 'move', by: Number.POSITIVE_INFINITY }],
        ['Enter', { do: 'choose' }],
        [' ', { do: 'choose' }],
        ['Escape', { do: 'close' }],
        ['r', { do: 'type', text: 'r' }],
        ['Tab', undefined],
        ['Shift', undefined],
    ])('%j on an open list', (key, action) => {
        expect(actionOf({ key }, true)).toEqual(action);
    });

    test('with modifiers belong to the browser, but for the one that closes', () => {
        expect(actionOf({ key: 'r', ctrlKey: true }, true)).toBeUndefined();
        expect(actionOf({ key: 'r', metaKey: true }, false)).toBeUndefined();
        expect(actionOf({ key: 'r', altKey: true }, true)).toBeUndefined();
        expect(actionOf({ key: 'ArrowUp', altKey: true }, true)).toEqual({ do: 'close' });
    });
});

test.each([
    [0, 1, 1],
    [2, 1, 2],
    [0, -1, 0],
    [1, Number.POSITIVE_INFINITY, 2],
    [1, Number.NEGATIVE_INFINITY, 0],
])('from %d by %d of three is %d', (from, by, to) => {
    expect(moved(from, by, 3)).toBe(to);
});

describe('typing', () => {
    const CHOICES = ['No channel', 'Red', 'Green', 'Blue', 'Gray', 'Great Blue'];

    test('finds the choice that begins so, whatever the case', () => {
        const typing = new Typing();
        expect(typing.find('b', 0, CHOICES, 0)).toBe(3);
        expect(new Typing().find('B', 0, CHOICES, 0)).toBe(3);
        expect(new Typing().find('x', 0, CHOICES, 0)).toBe(-1);
    });

    test('goes on with more letters, and stays where these match', () => {
        const typing = new Typing();
        expect(typing.find('g', 0, CHOICES, 0)).toBe(2);
        expect(typing.find('r', 100, CHOICES, 2)).toBe(2);
        expect(typing.find('a', 200, CHOICES, 2)).toBe(4);
    });

    test('goes from choice to choice with the same letter', () => {
        const typing = new Typing();
        expect(typing.find('g', 0, CHOICES, 0)).toBe(2);
        expect(typing.find('g', 100, CHOICES, 2)).toBe(4);
        expect(typing.find('g', 200, CHOICES, 4)).toBe(5);
        expect(typing.find('g', 300, CHOICES, 5)).toBe(2);
    });

    test('begins anew after a pause', () => {
        const typing = new Typing();
        expect(typing.find('g', 0, CHOICES, 0)).toBe(2);
        expect(typing.find('r', 1_000, CHOICES, 2)).toBe(1);
    });
});
