import { beforeEach, describe, expect, test } from 'vitest';
import { type DiscoveryEvent, type Offer, Offers } from '../../../src/client/offers';

let offers: Offers;

beforeEach(() => {
    offers = new Offers();
});

function offer(peerId: string, name: string, more: Partial<Offer> = {}): Offer {
    const method = { name, supportsStreaming: false };
    const server = { peerId, instance: peerId, application: peerId };
    return { id: `${peerId} ${name}`, server, method, registration: 0, ...more };
}

/** Events as words: `serverMethodAdded Sum at a`. */
function told(events: DiscoveryEvent[]): string[] {
    return events.map(({ type, method, server }) => {
        const place = server ? `at ${server.peerId}` : '';
        return [type, method?.name, place].filter(Boolean).join(' ');
    });
}

describe('a method that comes', () => {
    test('is told with its server when nobody offered it', () => {
        expect(told(offers.add(offer('a', 'Sum')))).toEqual([
            'serverAdded at a',
            'methodAdded Sum',
            'serverMethodAdded Sum at a',
        ]);
    });

    test('is no news at a second server, which is', () => {
        offers.add(offer('a', 'Sum'));
        expect(told(offers.add(offer('b', 'Sum')))).toEqual([
            'serverAdded at b',
            'serverMethodAdded Sum at b',
        ]);
    });

    test('brings no server that is there already', () => {
        offers.add(offer('a', 'Sum'));
        expect(told(offers.add(offer('a', 'Product')))).toEqual([
            'methodAdded Product',
            'serverMethodAdded Product at a',
        ]);
    });
});

describe('a method that goes', () => {
    test('is told before its server, which goes with its last method', () => {
        const [sum, product] = [offer('a', 'Sum'), offer('a', 'Product')];
        offers.add(sum);
        offers.add(product);
        expect(told(offers.remove(sum))).toEqual([
            'methodRemoved Sum',
            'serverMethodRemoved Sum at a',
        ]);
        expect(told(offers.remove(product))).toEqual([
            'methodRemoved Product',
            'serverMethodRemoved Product at a',
            'serverRemoved at a',
        ]);
    });

    test('is not gone while another server offers it', () => {
        const first = offer('a', 'Sum');
        offers.add(first);
        offers.add(offer('b', 'Sum'));
        expect(told(offers.remove(first))).toEqual([
            'serverMethodRemoved Sum at a',
            'serverRemoved at a',
        ]);
    });

    test('comes anew when it comes again', () => {
        const sum = offer('a', 'Sum');
        const events = [offers.add(sum), offers.remove(sum), offers.add(sum)];
        expect(told(events[2])).toEqual(told(events[0]));
    });
});

describe('methods', () => {
    test('are the same where name, signatures and kind are; case counts in signatures only', () => {
        const methods = [
            { name: 'Sum', accepts: 'int a' },
            { name: 'SUM', accepts: 'int a' },
            { name: 'Sum', accepts: 'Int a' },
            { name: 'Sum', accepts: 'int a', returns: 'int sum' },
            { name: 'Sum', accepts: 'int a', supportsStreaming: true },
            { name: 'Sum', accepts: 'int a', description: 'another text' },
        ];
        const added = methods.map(
            (method, index) =>
                offers.add(offer(`peer ${index}`, 'Sum', { id: `${index}`, method })).length,
        );
        // With server and method, or the method at another server.
        expect(added).toEqual([3, 2, 3, 3, 3, 2]);
        expect(offers.methods()).toEqual([0, 2, 3, 4].map((index) => methods[index]));
    });

    test('keep their order when the first server goes', () => {
        const first = offer('a', 'Sum');
        for (const each of [first, offer('b', 'Product'), offer('c', 'Sum')]) {
            offers.add(each);
        }
        offers.remove(first);
        expect(offers.methods().map(({ name }) => name)).toEqual(['Sum', 'Product']);
    });
});

describe('servers', () => {
    function names(user?: string): string[] {
        return offers.servers(user).map(({ peerId }) => peerId);
    }

    test('stand in the order in which they registered their first method', () => {
        offers.add(offer('late', 'Sum', { registration: 5 }));
        offers.add(offer('early', 'Product', { registration: 9 }));
        offers.add(offer('early', 'Sum', { registration: 2 }));
        expect(names()).toEqual(['early', 'late']);
    });

    test('of the own user come first', () => {
        const of = (peerId: string, user: string) => ({ server: { peerId, user } });
        offers.add(offer('a', 'Sum', of('a', 'bob')));
        offers.add(offer('b', 'Sum', of('b', 'ann')));
        expect(names('ann')).toEqual(['b', 'a']);
    });

    test('are meant once while a gateway knows a page by its former connection, too', () => {
        const page = { instance: 'page', application: 'app', user: 'ann' };
        offers.add(offer('before', 'Sum', { server: { ...page, peerId: 'before' } }));
        const later = { server: { ...page, peerId: 'after' }, registration: 1 };
        offers.add(offer('after', 'Sum', later));
        expect(names('ann')).toEqual(['after']);
    });
});
