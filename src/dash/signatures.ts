/**
 * The question a page asks its own Dash server before it offers a method that says what it accepts
 * or returns.
 */

import type { MethodDefinition } from '../client/definitions';
import type { Schemas } from '../client/signature';
import { askDashServer } from './dash-server';

const ROUTE = '_dash-interop/signature';

const asked = new Map<string, Promise<Schemas>>();

/**
 * The schemas of the texts of a definition, undefined where it has none; rejects when one of them
 * is malformed or the Dash server does not answer.
 */
export function askSignature(definition: MethodDefinition): Promise<Schemas> | undefined {
    const texts = textsOf(definition);
    if (Object.keys(texts).length === 0) {
        return undefined;
    }
    const key = JSON.stringify(texts);
    const answer = asked.get(key) ?? askDashServer(ROUTE, texts);
    asked.set(key, answer);
    // A server that did not answer may do so when it is asked again.
    answer.catch(() => asked.delete(key));
    return answer;
}

function textsOf({ accepts, returns }: MethodDefinition): Record<string, string> {
    const texts = Object.entries({ accepts, returns });
    return Object.fromEntries(
        texts.filter((entry): entry is [string, string] => Boolean(entry[1])),
    );
}
