import { beforeEach, expect, test } from 'vitest';
import { Line } from '../../../src/notebook/line';
import { RelaySocket } from '../../../src/notebook/relay-socket';
import { FakeModel } from './fake-model';

let model: FakeModel;
let happened: unknown[];
let socket: RelaySocket;

beforeEach(() => {
    model = new FakeModel();
    const nothing = () => {};
    const line = new Line(model, { onOpen: nothing, onMessage: nothing, onLost: nothing });
    line.close();
    happened = [];
    socket = new RelaySocket(line, {
        onOpen: () => happened.push('open'),
        onFrame: (frame) => happened.push(frame),
        onEnd: (why) => happened.push(['end', why]),
    });
});

test('it opens, passes frames on in both directions, and ends', async () => {
    socket.open();
    socket.hear({ type: 'opened' });
    socket.send({ type: 'hello' });
    socket.sendText('{"type":"join"}');
    await Promise.resolve();
    socket.hear({ type: 'frames', frames: ['{"type":"welcome"}', '{"type":"success"}'] });
    socket.hear({ type: 'ended', why: 'gone' });
    expect(model.take()).toMatchObject([
        { type: 'open', conversation: socket.id },
        { type: 'frames', frames: ['{"type":"hello"}', '{"type":"join"}'] },
    ]);
    expect(happened).toEqual(['open', { type: 'welcome' }, { type: 'success' }, ['end', 'gone']]);
});

test('what the kernel has not taken is still to be sent', async () => {
    socket.sendText('12345');
    socket.sendText('123');
    expect(socket.bufferedAmount).toBe(8);
    await Promise.resolve();
    expect(socket.bufferedAmount).toBe(8);
    socket.hear({ type: 'taken', count: 1 });
    expect(socket.bufferedAmount).toBe(3);
    socket.hear({ type: 'taken', count: 1 });
    expect(socket.bufferedAmount).toBe(0);
});

test('what was sent before it is closed goes first', () => {
    socket.sendText('1');
    socket.close();
    expect(model.take().map(({ type }) => type)).toEqual(['frames', 'close']);
});

test('a question whether the page is there is answered', () => {
    socket.hear({ type: 'ask' });
    expect(model.take()).toMatchObject([{ type: 'here', conversation: socket.id }]);
});
