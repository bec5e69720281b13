/** What keys mean to a control that opens a list of choices, as people know it from browsers. */

/** How far PageUp and PageDown go. */
const PAGE = 10;

/** After such a pause, what is typed is the beginning of another choice, in milliseconds. */
const TYPING_PAUSE_MS = 700;

interface Key {
    key: string;
    altKey?: boolean;
    ctrlKey?: boolean;
    metaKey?: boolean;
}

export type Action =
    | { do: 'open' | 'close' | 'choose' }
    | { do: 'move'; by: number }
    | { do: 'type'; text: string };

/** @returns Undefined where the key is not for the list; what the browser does with it is right. */
export function actionOf(
    { key, altKey, ctrlKey, metaKey }: Key,
    isOpen: boolean,
): Action | undefined {
    if (ctrlKey || metaKey) {
        return undefined;
    }
    if (!isOpen) {
        const opens = ['ArrowDown', 'ArrowUp', 'Enter', ' '].includes(key);
        return opens ? { do: 'open' } : typed(key, altKey);
    }
    switch (key) {
        case 'ArrowDown':
            return { do: 'move', by: 1 };
        case 'ArrowUp':
            return altKey ? { do: 'close' } : { do: 'move', by: -1 };
        case 'PageDown':
            return { do: 'move', by: PAGE };
        case 'PageUp':
            return { do: 'move', by: -PAGE };
        case 'End':
            return { do: 'move', by: Number.POSITIVE_INFINITY };
        case 'Home':
            return { do: 'move', by: Number.NEGATIVE_INFINITY };
        case 'Enter':
        case ' ':
            return { do: 'choose' };
        case 'Escape':
            return { do: 'close' };
        default:
            return typed(key, altKey);
    }
}

function typed(key: string, altKey: boolean | undefined): Action | undefined {
    return key.length === 1 && key !== ' ' && !altKey ? { do: 'type', text: key } : undefined;
}

/** The place in a list, from one place by so many; at its ends it stops. */
export function moved(from: number, by: number, length: number): number {
    return Math.min(Math.max(from + by, 0), length - 1);
}

/** Finds choices by what is typed of their beginning. */
export class Typing {
    private text = '';
    private at = Number.NEGATIVE_INFINITY;

    /**
     * @param now The time, in milliseconds.
     * @param from The place to begin at; the same letter again goes on from there.
     * @returns The place of the choice that begins like that; -1 where there is none.
     */
    find(text: string, now: number, choices: readonly string[], from: number): number {
        const isNew = now - this.at > TYPING_PAUSE_MS;
        this.at = now;
        this.text = (isNew ? '' : this.text) + text.toLowerCase();
        const isRepeated = [...this.text].every((letter) => letter === this.text[0]);
        const beginning = isRepeated ? this.text[0] : this.text;
        const first = isRepeated ? from + 1 : from;
        const places = choices.map((_, index) => (first + index) % choices.length);
        return places.find((place) => choices[place].toLowerCase().startsWith(beginning)) ?? -1;
    }
}
