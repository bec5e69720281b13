import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Line } from '../../../src/notebook/line';
import { FakeModel } from './fake-model';

let model: FakeModel;
let happened: unknown[];
let line: Line;

beforeEach(() => {
    vi.useFakeTimers();
    model = new FakeModel();
    happened = [];
    line = new Line(model, {
        onOpen: () => happened.push('open'),
        onMessage: (message) => happened.push(message),
        onLost: () => happened.push('lost'),
    });
});

afterEach(() => {
    line.close();
    vi.useRealTimers();
});

test('it says hello until the kernel answers, and is open once', async () => {
    await vi.advanceTimersByTimeAsync(2_000);
    expect(model.sent.length).toBeGreaterThan(1);
    expect(new Set(model.sent.map(({ type }) => type))).toEqual(new Set(['hello']));
    expect(line.isOpen).toBe(false);
    model.welcome();
    model.welcome();
    expect(line.isOpen).toBe(true);
    expect(happened).toEqual(['open']);
    model.sent.splice(0);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(model.sent).toEqual([]);
});

test('the answer to the hello of another page is none', () => {
    model.say({ type: 'hello', page: 'other' });
    expect(line.isOpen).toBe(false);
});

test('each message has its place in the row of the page', () => {
    line.send({ type: 'a' });
    line.send({ type: 'b', more: 1 });
    const { page } = model.sent[0];
    expect(model.take()).toEqual([
        { type: 'a', page, place: 1 },
        { type: 'b', more: 1, page, place: 2 },
    ]);
});

test('a question whether it is heard is answered', () => {
    model.say({ type: 'probe' });
    expect(model.take()).toMatchObject([{ type: 'here', place: 1 }]);
    expect(happened).toEqual([]);
});

test('a message that is too long comes in parts, no emoji in two of them', () => {
    const text = `x${'😀'.repeat(700_000)}`;
    line.send({ type: 'long', text });
    line.send({ type: 'short' });
    const [last, ...parts] = model.take().reverse();
    expect(last).toMatchObject({ type: 'short', place: parts.length + 1 });
    parts.reverse();
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.map(({ place }) => place)).toEqual(parts.map((_, index) => index + 1));
    expect(parts.map(({ is_last }) => is_last)).toEqual([...parts.slice(1).map(() => false), true]);
    for (const part of parts) {
        expect(part.text).not.toMatch(/^[\uDC00-\uDFFF]|[\uD800-\uDBFF]$/);
    }
    expect(JSON.parse(parts.map((part) => part.text).join(''))).toEqual({ type: 'long', text });
});

test('a kernel that is started anew is lost', () => {
    model.tell('comm_live_update');
    expect(happened).toEqual(['lost']);
});

test('after its end nothing is said by itself, and nothing heard', async () => {
    line.close();
    model.welcome();
    model.sent.splice(0);
    model.say({ type: 'probe' });
    model.say({ type: 'x' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(model.sent).toEqual([]);
    expect(happened).toEqual([]);
});
