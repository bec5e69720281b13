import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { InteropClient } from '../../../src/client/interop-client';
import { FakeGateway } from '../support/fake-interop';

let gateway: FakeGateway;
let client: InteropClient;

beforeEach(() => {
    vi.useFakeTimers();
    gateway = new FakeGateway();
    client = new InteropClient(gateway.connect({ application: 'own' }), gateway.registrationOf);
});

afterEach(() => {
    vi.useRealTimers();
});

describe('peers that leave', () => {
    test('are told by their id until the listener is taken off', async () => {
        const left: string[] = [];
        const stop = client.onPeerLeft((peerId) => left.push(peerId));
        gateway.leave(await gateway.offer('a'));
        expect(left).toEqual(['peer-2']);
        stop();
        gateway.leave(await gateway.offer('b'));
        expect(left).toEqual(['peer-2']);
    });
});
