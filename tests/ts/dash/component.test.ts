// @vitest-environment jsdom

import { beforeEach, expect, test } from 'vitest';
import { DashComponent } from '../../../src/dash/component';
import { FakeDashStore } from '../support/fake-dash-store';

const NODE = { type: 'MethodInvoke', props: { id: 'a' } };

let store: FakeDashStore;
let component: DashComponent;

beforeEach(() => {
    store = new FakeDashStore();
    component = new DashComponent();
    component.path = store.add(NODE.type, NODE.props);
    component.mount({ store, id: 'a', setProps: (props) => store.setProps('a', props) });
});

async function flush(): Promise<void> {
    for (let turn = 0; turn < 20; turn += 1) {
        await Promise.resolve();
    }
}

function given(): unknown[] {
    return store.updates.map(({ props }) => props.result);
}

test('what comes while a component is out of the layout is given to it when it is back', async () => {
    store.returnLayout([]);
    component.deliverer('result').deliver('one');
    await flush();
    expect(given()).toEqual([]);
    store.returnLayout([NODE]);
    await flush();
    expect(given()).toEqual(['one']);
});

test('what comes while it is rendered elsewhere is given to it at its new place', async () => {
    store.returnLayout([{ type: 'P', props: { id: 'p' } }, NODE]);
    component.deliverer('result').deliver('one');
    await flush();
    expect(given()).toEqual([]);
    component.path = ['props', 'children', 1];
    component.moved();
    expect(given()).toEqual(['one']);
});

test('what is taken is taken out, so that the same text may come again', () => {
    const taken: unknown[] = [];
    component.take('send', (value) => taken.push(value), 'result');
    store.write('a', { send: 'x' });
    expect(store.props('a').send).toBeNull();
    store.write('a', { send: 'x' });
    expect(taken).toEqual(['x', 'x']);
});

test('a copy beside which something is taken is no write', () => {
    const written: unknown[] = [];
    component.take('send', () => {}, 'result');
    component.watch('answer', (value) => written.push(value), 'result');
    store.write('a', { answer: { n: 1 } });
    const copy = { ...store.props('a'), answer: { n: 1 }, send: 'x' };
    store.returnLayout([{ type: NODE.type, props: copy }]);
    expect(written).toEqual([{ n: 1 }]);
});
