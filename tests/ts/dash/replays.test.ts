import { beforeEach, describe, expect, test } from 'vitest';
import { Deliverer } from '../../../src/dash/deliver';
import { pathOf } from '../../../src/dash/renderer';
import { ReplayGuard } from '../../../src/dash/replays';
import { FakeDashStore } from '../support/fake-dash-store';

/** A component, another one, and an output, as a callback would return them. */
const LAYOUT = ['m', 'button', 'out'];

let store: FakeDashStore;
let deliverer: Deliverer;
let guard: ReplayGuard;

beforeEach(() => {
    store = new FakeDashStore();
    for (const id of LAYOUT) {
        store.add('Div', { id });
    }
    const slot = { store, id: 'm', setProps: (props: object) => store.setProps('m', props) };
    deliverer = new Deliverer('invoke', () => slot);
});

/** @param mayFill Whether the last event may fill a new output. */
function watch(mayFill = false): void {
    guard = new ReplayGuard();
    guard.add(deliverer, mayFill);
    store.subscribe(() => {
        guard.notePlace(pathOf(store, 'm'));
        guard.look(store, 'm', store.props('m'));
    });
}

/** Some callback returns the layout again, and Dash requests what it requests then. */
function returnLayout(replayed: string[], filled: string[] = []): void {
    const children = LAYOUT.map((id) => ({ type: 'Div', props: { ...store.props(id) } }));
    store.returnLayout(children, replayed, filled);
}

/** An event that has been handled. */
async function handle(value: unknown): Promise<void> {
    const handled = deliverer.deliver(value);
    await store.requested[0].finish();
    await handled;
}

/** What triggered the callbacks that Dash will run. */
function triggers(): string[][] {
    return store.requested.map(({ pending }) => Object.keys(pending.changedPropIds));
}

describe('an event', () => {
    beforeEach(() => {
        store.callback({ inputs: ['m.invoke', 'button.n_clicks'], outputs: ['out.children'] });
        watch();
    });

    test('does not happen again when Dash goes through the layout', async () => {
        await handle('one');
        returnLayout(['m.invoke']);
        expect(triggers()).toEqual([]);
    });

    test('is no trigger where another input is', async () => {
        await handle('one');
        returnLayout(['m.invoke', 'button.n_clicks']);
        expect(triggers()).toEqual([['button.n_clicks']]);
    });

    test('leaves what other inputs trigger alone', async () => {
        await handle('one');
        store.write('button', { n_clicks: 1 });
        expect(triggers()).toEqual([['button.n_clicks']]);
    });

    test('triggers its callbacks', async () => {
        await handle('one');
        deliverer.deliver('two');
        expect(triggers()).toEqual([['m.invoke']]);
    });

    test('that Dash has not begun to handle stays the only request', () => {
        deliverer.deliver('one');
        returnLayout(['m.invoke']);
        expect(triggers()).toEqual([['m.invoke']]);
        // Dash would drop it with the others of its group.
        expect(store.requested[0].pending.executionGroup).toBeUndefined();
    });

    test('that Dash puts back among the requests, as when it is blocked, is not taken back', () => {
        deliverer.deliver('one');
        const [{ pending }] = store.requested;
        store.dispatch({ type: 'Callbacks.RemoveRequested', payload: [pending] });
        store.dispatch({ type: 'Callbacks.AddRequested', payload: [{ ...pending }] });
        expect(triggers()).toEqual([['m.invoke']]);
    });

    test('that is being handled is not handled a second time', () => {
        deliverer.deliver('one');
        store.runs[0].start();
        returnLayout(['m.invoke']);
        expect(triggers()).toEqual([]);
    });

    test('of a component that was made anew is not taken for a repetition', async () => {
        await handle('one');
        store.returnLayout([{ type: 'Div', props: { id: 'm' } }], ['m.invoke']);
        expect(triggers()).toEqual([['m.invoke']]);
    });

    test('that never happened does not keep a page from its first callbacks', () => {
        returnLayout(['m.invoke'], ['out.children']);
        expect(triggers()).not.toEqual([]);
    });
});

describe('an output that is new', () => {
    beforeEach(() => {
        store.callback({ inputs: ['m.invoke'], outputs: ['out.children'] });
    });

    test('is not filled by an event that has been handled', async () => {
        watch();
        await handle('one');
        await Promise.resolve();
        store.returnLayout(LAYOUT.map((id) => ({ type: 'Div', props: store.props(id) })));
        await Promise.resolve();
        store.fill('out.children');
        expect(store.requested).toEqual([]);
    });

    test('may be filled by an event where the author is promised that', async () => {
        watch(true);
        await handle('one');
        await Promise.resolve();
        store.fill('out.children');
        expect(store.requested).toHaveLength(1);
    });

    test('is not filled when the component itself comes back with it', async () => {
        watch(true);
        await handle('one');
        await Promise.resolve();
        returnLayout([], ['out.children']);
        expect(store.requested).toEqual([]);
    });
});

test('props that say how things are may be told again', () => {
    store.callback({ inputs: ['m.error'], outputs: ['out.children'] });
    watch();
    returnLayout(['m.error']);
    expect(triggers()).toEqual([['m.error']]);
});
