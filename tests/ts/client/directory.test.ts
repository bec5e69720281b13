import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Directory } from '../../../src/client/directory';
import { FakeGateway } from '../support/fake-interop';

let gateway: FakeGateway;
let directory: Directory;

beforeEach(() => {
    vi.useFakeTimers();
    gateway = new FakeGateway();
    const { interop } = gateway.connect({ application: 'own' });
    directory = new Directory(interop, gateway.registrationOf);
});

afterEach(() => {
    vi.useRealTimers();
});

describe('peers that leave', () => {
    test('are told by their id until the listener is taken off', async () => {
        const left: string[] = [];
        const stop = directory.onPeerLeft((peerId) => left.push(peerId));
        gateway.leave(await gateway.offer('a'));
        expect(left).toEqual(['peer-2']);
        stop();
        gateway.leave(await gateway.offer('b'));
        expect(left).toEqual(['peer-2']);
    });
});
