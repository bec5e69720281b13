/**
 * Keys and words that are not known, and the known ones that were meant: the rules of
 * `wire/keys.py`.
 */

/** The greatest share of its letters that a word may have wrong. */
const GREATEST_DISTANCE = 0.4;
/** A shorter text is a part of many words by chance. */
const SHORTEST_PART = 4;
/** Words look alike when they have this many characters at the beginning in common. */
const BEGINNING = 3;

/**
 * Throws an Error for a key that is not among `known`.
 *
 * @param what The object, for people, such as `The definition`.
 */
export function checkKeys(what: string, object: object, known: readonly string[]): void {
    const unknown = Object.keys(object).find((key) => !known.includes(key));
    if (unknown !== undefined) {
        throw new Error(`${what} has an unknown key "${unknown}": ${hint(unknown, known)}`);
    }
}

/** `did you mean "accepts"?`, or a list of the known words where none is near. */
export function hint(word: string, known: readonly string[]): string {
    const meant = nearest(word, known);
    return meant === undefined
        ? `known are ${known.map((each) => `"${each}"`).join(', ')}`
        : `did you mean "${meant}"?`;
}

/** The known word that was meant; undefined where none is near. */
export function nearest(word: string, known: readonly string[]): string | undefined {
    const asked = plain(word);
    const [closest] = known
        .map((each) => ({ each, distance: relativeDistance(asked, plain(each)) }))
        .sort((a, b) => a.distance - b.distance);
    if (closest && closest.distance <= GREATEST_DISTANCE) {
        return closest.each;
    }
    if (asked.length < SHORTEST_PART) {
        return undefined;
    }
    const beginning = asked.slice(0, BEGINNING);
    return (
        known.find((each) => plain(each).includes(asked)) ??
        known.find((each) => plain(each).startsWith(beginning))
    );
}

/** Case and underscores make no difference. */
function plain(word: string): string {
    return word.toLowerCase().replace(/_/g, '');
}

/** How many letters are wrong, missing, too many or swapped, as a share of the longer word. */
function relativeDistance(one: string, other: string): number {
    const rows = [Array.from({ length: other.length + 1 }, (_, index) => index)];
    for (let i = 1; i <= one.length; i += 1) {
        rows.push([i]);
        for (let j = 1; j <= other.length; j += 1) {
            const isSame = one[i - 1] === other[j - 1];
            const isSwapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1];
            rows[i].push(
                Math.min(
                    rows[i - 1][j - 1] + Number(!isSame),
                    rows[i - 1][j] + 1,
                    rows[i][j - 1] + 1,
                    isSwapped ? rows[i - 2][j - 2] + 1 : Number.POSITIVE_INFINITY,
                ),
            );
        }
    }
    return rows[one.length][other.length] / Math.max(one.length, other.length, 1);
}
