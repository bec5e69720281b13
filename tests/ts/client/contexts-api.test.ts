import { expect, test, vi } from 'vitest';
import { contextsApi } from '../../../src/client/contexts-api';
import { FakeContextGateway } from '../support/fake-context-gateway';

async function apiOf(data: object) {
    const gateway = new FakeContextGateway();
    const page = gateway.connect();
    const other = gateway.connect();
    const writing = other.contexts.set('Market', data);
    await gateway.settle();
    await writing;
    return { gateway, other, page, api: contextsApi(page.contexts) };
}

test('scripts of a page find what core has', async () => {
    const { api } = await apiOf({});
    expect(await api.ready()).toBe(api);
    expect(api.setPathSupported).toBe(true);
    expect(api.all()).toEqual(['Market']);
});

test('a subscriber is called as by core, and not when the context goes', async () => {
    const { gateway, other, page, api } = await apiOf({ px: 1, note: 'a' });
    const callback = vi.fn();
    const stop = await api.subscribe('Market', callback);
    await gateway.settle();
    const writing = [
        other.contexts.update('Market', { px: 2, note: null }),
        api.update('Market', { px: 3 }),
        other.contexts.destroy('Market'),
    ];
    await gateway.settle();
    await Promise.all(writing);
    expect(
        callback.mock.calls.map(([data, delta, removed, , more]) => [data, delta, removed, more]),
    ).toEqual([
        [{ px: 1, note: 'a' }, {}, [], { updaterId: undefined }],
        [{ px: 2 }, { px: 2, note: null }, ['note'], { updaterId: other.peerId }],
        [{ px: 3 }, { px: 3 }, [], { updaterId: page.peerId }],
    ]);
    stop();
    expect(page.contexts.all()).toEqual([]);
});

test('a subscriber can end its subscription from within', async () => {
    const { gateway, other, api } = await apiOf({ px: 1 });
    const callback = vi.fn((_data, _delta, _removed, unsubscribe) => unsubscribe());
    await api.subscribe('Market', callback);
    await gateway.settle();
    other.contexts.update('Market', { px: 2 });
    await gateway.settle();
    expect(callback).toHaveBeenCalledTimes(1);
});

test('what a script gets is its own, to be changed at will', async () => {
    const { gateway, api } = await apiOf({ list: [1] });
    const seen: any[] = [];
    await api.subscribe('Market', (data: any) => {
        data.list.push(2);
        seen.push(data);
    });
    await gateway.settle();
    const read: any = await api.get('Market');
    read.list.push(3);
    expect(seen).toEqual([{ list: [1, 2] }]);
    expect(await api.get('Market')).toEqual({ list: [1] });
});

test('what is no function is no subscriber', async () => {
    const { api } = await apiOf({});
    await expect(api.subscribe('Market', 5 as any)).rejects.toThrow('needs a function to call');
});
