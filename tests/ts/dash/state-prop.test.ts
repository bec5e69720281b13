import { beforeEach, expect, test } from 'vitest';
import { Deliverer } from '../../../src/dash/deliver';
import { StateProp } from '../../../src/dash/state-prop';
import { FakeDashStore } from '../support/fake-dash-store';

let store: FakeDashStore;
let state: StateProp;
let present: number;

beforeEach(() => {
    store = new FakeDashStore();
    store.add('Div', { id: 'a' });
    const slot = { store, id: 'a', setProps: (props: any) => store.setProps('a', props) };
    present = 0;
    state = new StateProp(new Deliverer('count', () => slot), () => ({ present }));
});

/** The state becomes another one, so many times in one turn. */
function change(times = 1): void {
    for (let time = 0; time < times; time += 1) {
        present += 1;
        state.change();
    }
}

async function settle(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
}

function shown(): number[] {
    return store.updates.map(({ props }) => props.count.present);
}

test('many changes of one turn are one', async () => {
    change(100);
    await settle();
    expect(shown()).toEqual([100]);
});

test('while a callback looks at one state the others pass by, except the last', async () => {
    store.callback({ inputs: ['a.count'] });
    change();
    await settle();
    store.runs[0].start();
    change(50);
    await settle();
    change(49);
    await settle();
    expect(shown()).toEqual([1]);
    await store.runs[0].finish();
    await settle();
    expect(shown()).toEqual([1, 100]);
});

test('the last change is never left out', async () => {
    for (let turn = 0; turn < 3; turn += 1) {
        change();
        await settle();
    }
    expect(shown()).toEqual([1, 2, 3]);
});

test('after the end nothing is shown', async () => {
    change();
    state.end();
    await settle();
    expect(shown()).toEqual([]);
});
