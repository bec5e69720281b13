/** How a StreamSubscribe gives its data to callbacks, as its author wrote it. */

import { hint } from '../client/keys';
import { type DataSettings, DELIVERIES } from './data-queue';

export const DEFAULT_MOST_WAITING = 100_000;

export interface DataProps {
    delivery?: unknown;
    key?: unknown;
    maxRate?: unknown;
    maxWaiting?: unknown;
    paused?: unknown;
}

/** @throws Error that says what is wrong with a prop. */
export function readDataSettings(props: DataProps): DataSettings {
    const delivery = readDelivery(props.delivery ?? 'every');
    return {
        delivery,
        key: readKey(props.key ?? undefined, delivery),
        maxRate: readMaxRate(props.maxRate ?? Number.POSITIVE_INFINITY),
        maxWaiting: readMaxWaiting(props.maxWaiting ?? DEFAULT_MOST_WAITING),
        paused: Boolean(props.paused),
    };
}

function readDelivery(value: unknown): DataSettings['delivery'] {
    const delivery = DELIVERIES.find((one) => one === value);
    if (!delivery) {
        const text = JSON.stringify(value);
        throw new Error(`delivery cannot be ${text}: ${hint(String(value), DELIVERIES)}`);
    }
    return delivery;
}

function readKey(value: unknown, delivery: DataSettings['delivery']): string | undefined {
    if (value === undefined) {
        return undefined;
    }
    if (typeof value !== 'string' || value === '') {
        throw new Error(`key has to be the name of a field, not ${JSON.stringify(value)}`);
    }
    if (delivery !== 'latest') {
        throw new Error(`key is for delivery "latest", and delivery is "${delivery}"`);
    }
    return value;
}

function readMaxRate(value: unknown): number {
    if (typeof value !== 'number' || !(value > 0)) {
        throw new Error(
            `maxRate has to be a positive number of deliveries per second, not ${JSON.stringify(value)}`,
        );
    }
    return value;
}

function readMaxWaiting(value: unknown): number {
    if (!Number.isInteger(value) || (value as number) < 1) {
        throw new Error(
            `maxWaiting has to be a whole number of data, 1 or more, not ${JSON.stringify(value)}`,
        );
    }
    return value as number;
}
