import { expect, test } from 'vitest';
import { framesIn } from '../../../src/client/announcements';

const IDENTITY = { application: 'app' };

test('announcements are handed over one by one, as the gateway would have sent them', () => {
    const announcements = [
        { type: 'peer-added', domain: 'agm', new_peer_id: 'p2', identity: IDENTITY },
        { type: 'methods-added', domain: 'agm', server_id: 'p2', methods: [] },
        { type: 'methods-removed', domain: 'agm', server_id: 'p2', methods: ['0'] },
        { type: 'peer-removed', domain: 'agm', removed_id: 'p2' },
    ];
    const frame = { type: 'announcements', domain: 'agm', peer_id: 'p1', announcements };
    expect(framesIn(frame)).toEqual(announcements.map((each) => ({ ...each, peer_id: 'p1' })));
});

test('what a page is told of itself with all others is left out', () => {
    const announcements = [
        { type: 'peer-added', domain: 'agm', new_peer_id: 'p1', identity: IDENTITY },
        { type: 'methods-added', domain: 'agm', server_id: 'p1', methods: [] },
        { type: 'peer-added', domain: 'agm', new_peer_id: 'p2', identity: IDENTITY },
    ];
    const frame = { type: 'announcements', domain: 'agm', peer_id: 'p1', announcements };
    expect(framesIn(frame).map(({ new_peer_id }) => new_peer_id)).toEqual(['p2']);
});

test('another frame stays as it is', () => {
    const frame = { type: 'peer-added', domain: 'agm', peer_id: 'p1', new_peer_id: 'p1' };
    expect(framesIn(frame)).toEqual([frame]);
});
