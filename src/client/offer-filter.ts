/** Which of the methods and servers on offer somebody wants to see. */

import type { MethodDefinition } from './definitions';
import type { Instance } from './instance';
import { checkKeys } from './keys';
import type { Offer } from './offers';
import { readInstances } from './targets';

/** All that is given has to match. */
export interface OfferFilter {
    /** Compared without regard to case; an empty one stands for any. */
    name?: string;
    displayName?: string;
    description?: string;
    accepts?: string;
    returns?: string;
    version?: number;
    /** A method has to have all of them. */
    objectTypes?: string[];
    /** An instance or a part of one, as in a target; or several, one of which has to match. */
    instance?: Instance | Instance[];
    streamsOnly?: boolean;
}

type Matches = (offer: Offer) => boolean;

/** How each field is read: what is wrong with a value of it is an Error. */
const READERS: Record<keyof OfferFilter, (value: any, field: any) => Matches> = {
    name: readName,
    displayName: readText,
    description: readText,
    accepts: readText,
    returns: readText,
    version: readVersion,
    objectTypes: readObjectTypes,
    instance: readInstance,
    streamsOnly: readStreamsOnly,
};

export const FILTER_FIELDS = Object.keys(READERS) as (keyof OfferFilter)[];

/** Whether an offer is wanted; throws an Error that says what is wrong with the filter. */
export function readOfferFilter(filter: OfferFilter): Matches {
    checkKeys('The filter', filter, FILTER_FIELDS);
    const tests = FILTER_FIELDS.filter(
        (field) => filter[field] !== undefined && filter[field] !== null,
    ).map((field) => READERS[field](filter[field], field));
    return (offer) => tests.every((test) => test(offer));
}

function readName(name: unknown): Matches {
    const wanted = requireText(name, 'name').toLowerCase();
    return ({ method }) => wanted === '' || method.name.toLowerCase() === wanted;
}

function readText(text: unknown, field: keyof MethodDefinition): Matches {
    const wanted = requireText(text, field);
    return ({ method }) => method[field] === wanted;
}

function requireText(value: unknown, field: keyof MethodDefinition): string {
    if (typeof value !== 'string') {
        throw new Error(`${field} has to be a string, not ${JSON.stringify(value)}`);
    }
    return value;
}

function readVersion(version: unknown): Matches {
    if (typeof version !== 'number') {
        throw new Error(`version has to be a number, not ${JSON.stringify(version)}`);
    }
    return ({ method }) => method.version === version;
}

function readObjectTypes(types: unknown): Matches {
    if (!Array.isArray(types) || types.some((type) => typeof type !== 'string')) {
        throw new Error(`objectTypes has to be a list of strings, not ${JSON.stringify(types)}`);
    }
    return ({ method }) => types.every((type) => method.objectTypes?.includes(type));
}

function readInstance(instance: unknown): Matches {
    const filters = Array.isArray(instance) ? instance : [instance];
    if (filters.some((each) => each === null || typeof each !== 'object' || Array.isArray(each))) {
        throw new Error(
            `instance has to be a dict or a list of dicts, not ${JSON.stringify(instance)}`,
        );
    }
    const matches = readInstances(filters, "instance's");
    return ({ server }) => matches(server);
}

function readStreamsOnly(streamsOnly: unknown): Matches {
    if (typeof streamsOnly !== 'boolean') {
        throw new Error(`streamsOnly has to be true or false, not ${JSON.stringify(streamsOnly)}`);
    }
    return ({ method }) => !streamsOnly || method.supportsStreaming === true;
}
