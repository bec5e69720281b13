import { describe, expect, test } from 'vitest';
import { decodeFrame, encodeFrame } from '../../../src/client/codec';

const MOMENT = Date.UTC(2024, 1, 29, 12, 30, 15, 250);

describe('encodeFrame', () => {
    test('a frame travels as JSON', () => {
        const frame = { domain: 'agm', type: 'call', arguments_kv: { a: [1, null, 'x'] } };
        expect(JSON.parse(encodeFrame(frame))).toEqual(frame);
    });

    test('dates travel as epoch milliseconds behind the prefix, at any depth', () => {
        const frame = { type: 'call', at: new Date(MOMENT), list: [{ at: new Date(0) }] };
        expect(JSON.parse(encodeFrame(frame))).toEqual({
            type: 'call',
            at: `#T42_DATE#${MOMENT}`,
            list: [{ at: '#T42_DATE#0' }],
        });
    });

    test('a date as text stays text', () => {
        const text = new Date(MOMENT).toISOString();
        expect(encodeFrame({ type: 'call', text })).toBe(`{"type":"call","text":"${text}"}`);
    });

    test('values with a toJSON of their own keep it', () => {
        const own = { toJSON: () => 'mine' };
        expect(JSON.parse(encodeFrame({ type: 'call', own }))).toEqual({
            type: 'call',
            own: 'mine',
        });
    });

    test('Date itself is left as it is', () => {
        const before = Date.prototype.toJSON;
        encodeFrame({ type: 'call', at: new Date(MOMENT) });
        expect(Date.prototype.toJSON).toBe(before);
    });
});

describe('decodeFrame', () => {
    test('dates come back as dates, at any depth', () => {
        const text = `{"type":"event","data":{"at":"#T42_DATE#${MOMENT}","l":["#T42_DATE#-1"]}}`;
        expect(decodeFrame(text)).toEqual({
            type: 'event',
            data: { at: new Date(MOMENT), l: [new Date(-1)] },
        });
    });

    test.each([
        '#T42_DATE#',
        '#T42_DATE#soon',
        '#T42_DATE#9e99',
        '#T42_DATE#12 days',
        ' #T42_DATE#12',
        'T42_DATE#12',
    ])('%s is not a date and stays a string', (text) => {
        expect(decodeFrame(JSON.stringify({ type: 'event', text })).text).toBe(text);
    });

    test('what was encoded is decoded to the same', () => {
        const frame = {
            type: 'yield',
            result: { at: new Date(MOMENT), none: null, n: 1.5, text: '#T42' },
        };
        expect(decodeFrame(encodeFrame(frame))).toEqual(frame);
    });

    test('text that is not JSON is refused', () => {
        expect(() => decodeFrame('{')).toThrow(SyntaxError);
    });
});
