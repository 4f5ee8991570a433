// A history is a list of steps, each a few numbers that mean something whatever the documents hold:
// positions are taken modulo what is there. So any part of a history is a history too, and one that
// fails can be cut down.

/** splitmix32: the same seed, the same run. */
export function randomSource(seed) {
    let state = seed >>> 0;
    const next = () => {
        state = (state + 0x9e3779b9) >>> 0;
        let z = state;
        z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
        z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
        return (z ^ (z >>> 16)) >>> 0;
    };
    return { next, below: (n) => next() % n, pick: (list) => list[next() % list.length] };
}

// What peers do, and how often.
const WEIGHTS = [
    ['edit', 60],
    ['commit', 10],
    ['publish', 12],
    ['deliver', 20],
    ['batch', 2],
    ['sync', 10],
    ['range', 2],
    ['snapshot', 2],
    ['reload', 4],
    ['late', 1],
    ['look back', 3],
    ['leave', 1],
    ['return', 2],
    ['fork', 1],
    ['cursor', 5],
    ['apply', 1],
    ['share', 4],
    ['revert', 1],
    ['wander', 2],
];
const TOTAL = WEIGHTS.reduce((sum, [, weight]) => sum + weight, 0);

// Short histories find more in the same time; some things only happen in long ones.
const LENGTHS = [8, 12, 16, 16, 24, 24, 32, 48];
const LONG = 200;

function kindOf(roll) {
    for (const [kind, weight] of WEIGHTS) {
        if (roll < weight) return kind;
        roll -= weight;
    }
    throw new Error('unreachable');
}

/** Two to five peers and their steps. Some histories dwell on one peer, some jump at every step. */
export function makeHistory(seed) {
    const random = randomSource(seed);
    const peers = 2 + random.below(4);
    const dwell = random.pick([1, 2, 6, 20]);
    const length = random.below(40) === 0 ? LONG : random.pick(LENGTHS);
    const steps = [];
    let peer = 0;
    for (let i = 0; i < length; i++) {
        if (random.below(dwell) === 0) peer = random.below(peers);
        steps.push({
            kind: kindOf(random.below(TOTAL)),
            peer,
            other: random.below(peers),
            at: random.next(),
            what: random.next(),
            where: random.next(),
            size: random.next(),
        });
    }
    return { seed, peers, steps };
}

/** Numbers below `length`, each once. */
export function shuffled(random, length) {
    const order = Array.from({ length }, (_, i) => i);
    for (let i = length - 1; i > 0; i--) {
        const j = random.below(i + 1);
        [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
}

// One to four UTF-16 and UTF-8 units, combining marks, and a joiner.
const PIECES = [
    'a',
    'b',
    'xyz',
    ' ',
    '\n',
    'é',
    'ß',
    '日本',
    'e\u0301',
    '🦜',
    '👩‍🚀',
    '𝒳',
    '\u{10FFFF}',
    '\uFFFD',
    '"\\',
];
const KEYS = ['a', 'b', 'k1', 'Ω', '🔑', ''];

export function makeText(number) {
    const random = randomSource(number);
    let text = '';
    for (let i = random.below(4); i >= 0; i--) text += random.pick(PIECES);
    return text;
}

/** What a sum does not round. */
export const makeNumber = (number) => ((number % 64) - 32) / 4;

export const makeKey = (number) => KEYS[number % KEYS.length];

export function makeValue(number) {
    const random = randomSource(number);
    const n = random.next();
    switch (random.below(10)) {
        case 0:
            return null;
        case 1:
            return n % 2 === 0;
        case 2:
            return n | 0;
        case 3:
            return (n | 0) / 7;
        case 4:
            return random.pick([0, 1, -1, 63, 64, -65, 2 ** 31, 2 ** 40, 1e300, 0.1, -1.5e-9]);
        case 5:
            return makeText(n);
        case 6:
            return new Uint8Array([n & 255, 0, 255, (n >> 8) & 255]);
        case 7:
            return [makeText(n), n % 100, [null, true]];
        case 8:
            return { a: n % 1000, [makeKey(n)]: [makeText(n)], deep: { x: { y: 1.25 } } };
        default:
            return '';
    }
}
