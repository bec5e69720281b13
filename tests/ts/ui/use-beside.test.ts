import { expect, test } from 'vitest';
import { placeOf } from '../../../src/ui/use-beside';

const SCREEN = { width: 400, height: 300 };
const LIST = { width: 120, height: 150 };

function control(left: number, top: number) {
    return { left, top, width: 100, height: 30, right: left + 100, bottom: top + 30 };
}

test.each([
    ['below', control(20, 20), { left: 20, top: 54 }],
    ['above, where there is more room', control(20, 200), { left: 20, top: 46 }],
    ['below, where there is too little on both sides', control(20, 100), { left: 20, top: 134 }],
    ['not beyond the right edge', control(300, 20), { left: 280, top: 54 }],
    ['not beyond the left edge', control(-30, 20), { left: 0, top: 54 }],
])('a list is %s', (_, box, place) => {
    expect(placeOf(LIST, box, SCREEN, false)).toEqual(place);
});

test('a list ends with the control where people write from the right', () => {
    expect(placeOf(LIST, control(200, 20), SCREEN, true)).toEqual({ left: 180, top: 54 });
});

test('a list that is larger than the screen begins on it', () => {
    const large = { width: 500, height: 400 };
    expect(placeOf(large, control(20, 20), SCREEN, false)).toEqual({ left: 0, top: 0 });
});
