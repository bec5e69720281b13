/** What callbacks write to a StreamPublish; each function throws an Error that says what is wrong. */

import { checkData } from '../client/publishing';
import { NO_BRANCH } from '../client/stream-subscribers';
import { fieldsOf } from './entries';

/** Data to push: to branches, to one subscriber, or to all. */
export interface Push {
    data: object;
    branch?: string | string[];
    subscriptionId?: string;
}

/** What becomes of a request to subscribe. */
export type Decision = { requestId: string } & ({ branch: string } | { reason: string });

/** Data for one subscriber. */
export interface Snapshot {
    subscriptionId: string;
    data: object;
}

/** The subscriptions that are to end. */
export type Close = { subscriptionId: string } | { branch: string };

const PUSH_KEYS = ['data', 'branch', 'subscriptionId'] as const;
const DECISION_KEYS = ['requestId', 'accept', 'branch', 'reject'] as const;
const SNAPSHOT_KEYS = ['subscriptionId', 'data'] as const;
const CLOSE_KEYS = ['subscriptionId', 'branch'] as const;

export function readPush(written: unknown, what: string): Push {
    const { data, branch, subscriptionId } = fieldsOf(what, written, PUSH_KEYS);
    if (branch !== undefined && subscriptionId !== undefined) {
        throw new Error(`${what} goes to a branch or to a subscriptionId, not to both`);
    }
    return {
        data: checkData(data),
        ...(branch === undefined ? {} : { branch: readBranches(what, branch) }),
        ...(subscriptionId === undefined ? {} : { subscriptionId: readId(what, subscriptionId) }),
    };
}

export function readDecision(written: unknown, what: string): Decision {
    const fields = fieldsOf(what, written, DECISION_KEYS);
    if (typeof fields.requestId !== 'string') {
        throw new Error(`${what} needs the requestId of the request that it decides`);
    }
    const { requestId, accept, branch, reject } = fields;
    if (accept !== undefined && typeof accept !== 'boolean') {
        throw new Error(`${what}: accept has to be True or False, not ${JSON.stringify(accept)}`);
    }
    if (reject !== undefined && typeof reject !== 'string') {
        throw new Error(
            `${what}: reject has to be a reason in words, not ${JSON.stringify(reject)}`,
        );
    }
    const isRejected = reject !== undefined || accept === false;
    if (isRejected && (accept || branch !== undefined)) {
        throw new Error(`${what} cannot accept and reject a request`);
    }
    if (isRejected) {
        return { requestId, reason: reject ?? 'The publisher gave no reason' };
    }
    if (branch !== undefined) {
        return { requestId, branch: readBranch(what, branch) };
    }
    if (accept === undefined) {
        throw new Error(`${what} needs "accept": True, a "branch", or "reject" with a reason`);
    }
    return { requestId, branch: NO_BRANCH };
}

export function readSnapshot(written: unknown, what: string): Snapshot {
    const { subscriptionId, data } = fieldsOf(what, written, SNAPSHOT_KEYS);
    return { subscriptionId: readId(what, subscriptionId), data: checkData(data) };
}

export function readClose(written: unknown, what: string): Close {
    const { subscriptionId, branch } = fieldsOf(what, written, CLOSE_KEYS);
    if ((subscriptionId === undefined) === (branch === undefined)) {
        throw new Error(`${what} needs a subscriptionId or a branch, one of them`);
    }
    return branch === undefined
        ? { subscriptionId: readId(what, subscriptionId) }
        : { branch: readBranch(what, branch) };
}

function readId(what: string, id: unknown): string {
    if (typeof id !== 'string') {
        throw new Error(`${what} needs a subscriptionId, a string`);
    }
    return id;
}

function readBranches(what: string, branch: unknown): string | string[] {
    return Array.isArray(branch)
        ? branch.map((key) => readBranch(what, key))
        : readBranch(what, branch);
}

function readBranch(what: string, branch: unknown): string {
    if (typeof branch !== 'string' || branch === NO_BRANCH) {
        throw new Error(
            `${what}: the key of a branch is a non-empty string, not ${JSON.stringify(branch)}`,
        );
    }
    return branch;
}
