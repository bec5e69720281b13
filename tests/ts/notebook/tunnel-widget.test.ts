// @vitest-environment jsdom

import { afterEach, expect, test } from 'vitest';
import widget from '../../../src/notebook/tunnel-widget';
import { FakeModel } from './fake-model';

const open: AbortController[] = [];

afterEach(() => {
    for (const controller of open.splice(0)) {
        controller.abort();
    }
});

function show(id: string): { model: FakeModel; close: () => void } {
    const model = new FakeModel({ tunnel_id: id });
    const controller = new AbortController();
    open.push(controller);
    widget.initialize({ model, signal: controller.signal });
    return { model, close: () => controller.abort() };
}

function settle(): Promise<unknown> {
    return new Promise((resolve) => setTimeout(resolve, 0));
}

function tunnelOf(id: string) {
    return window.dash_interop.tunnels.get(id);
}

test('what is sent in one turn travels together, once the kernel has answered', async () => {
    const { model } = show('a');
    tunnelOf('a').send_msg('one');
    tunnelOf('a').send_msg('two');
    await settle();
    const hello = model.sent[0];
    expect(model.take()).toEqual([]);
    model.say(hello);
    expect(model.take()).toMatchObject([
        { type: 'frames', frames: [{ data: 'one' }, { data: 'two' }] },
    ]);
});

test('frames go both ways', async () => {
    const { model } = show('b');
    model.welcome();
    const received: unknown[] = [];
    tunnelOf('b').on_receive((version, message) => received.push([version, message]));
    tunnelOf('b').send_msg('one');
    tunnelOf('b').send_msg({ two: 2 });
    await settle();
    expect(model.take()).toMatchObject([
        {
            type: 'frames',
            frames: [
                { type: 'message', version: 1, data: 'one' },
                { type: 'message', version: 2, data: { two: 2 } },
            ],
        },
    ]);
    model.say({ type: 'frames', frames: [{ type: 'message', version: 3, data: 'three' }] });
    await settle();
    expect(received).toEqual([[3, 'three']]);
});

test('a request that is given up is taken back', async () => {
    const { model } = show('c');
    model.welcome();
    const abort = new AbortController();
    const outcome = tunnelOf('c').request('q', { signal: abort.signal });
    await settle();
    const [{ frames }] = model.take();
    abort.abort(new Error('enough'));
    await expect(outcome).rejects.toThrow('enough');
    const { requestId } = frames[0];
    expect(model.take()).toMatchObject([{ frames: [{ type: 'cancel', requestId }] }]);
});

test('window.IPyCallback has the same tunnels', () => {
    show('d');
    expect(window.IPyCallback.get('d')).toBe(tunnelOf('d'));
});

test('a widget with the same id takes the place of the one before, whose kernel is told', () => {
    const first = show('e');
    first.model.welcome();
    const held = tunnelOf('e');
    const second = show('e');
    second.model.welcome();
    const why = 'Another widget with the same tunnel_id has taken the place of this one';
    expect(() => held.send_msg('x')).toThrow(why);
    expect(first.model.take()).toMatchObject([{ type: 'end', why }]);
    // The end of the first changes nothing.
    first.close();
    expect(tunnelOf('e').send_msg('y')).toBe(1);
});

test.each([
    ['the widget is closed', ({ close }: ReturnType<typeof show>) => close()],
    [
        'the kernel is started anew',
        ({ model }: ReturnType<typeof show>) => model.tell('comm_live_update'),
    ],
])('when %s, its tunnel ends, and the entry goes', (_, end) => {
    const shown = show('f');
    const held = tunnelOf('f');
    end(shown);
    expect(() => held.send_msg('x')).toThrow('The widget was closed, or its kernel has ended');
    expect(tunnelOf('f')).not.toBe(held);
});
