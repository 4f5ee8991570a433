// Draws build/bench/results.json as build/bench/*.svg: what an arriving key costs by how long both
// have been typing, and by how much was written offline; editing traces. Scales are logarithmic.
import { readFileSync, writeFileSync } from 'node:fs';

const folder = new URL('../build/bench/', import.meta.url);
const results = JSON.parse(readFileSync(new URL('results.json', folder)));

const COLOURS = {
    Lorikeet: '#d1495b',
    'loro-crdt': '#2f6690',
    loro: '#2f6690',
    yjs: '#3a7d44',
    'json-joy': '#e09f3e',
    ywasm: '#7b5ea7',
    yrs: '#7b5ea7',
    automerge: '#8d6e63',
    'diamond-types': '#e09f3e',
    'gap buffer': '#9e9e9e',
};
const [WIDTH, HEIGHT] = [760, 400];
const BOX = { left: 70, right: 620, top: 50, bottom: 340 };

/** From a value to a place on the picture; powers of ten have a line. */
function logScale(values, from, to) {
    const low = Math.floor(Math.log10(Math.min(...values)));
    const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
    const at = (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from);
    at.ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
    return at;
}
const number = (value) => (value >= 1 ? value.toLocaleString('en') : String(Number(value.toPrecision(1))));
const text = (x, y, content, more = '') => `<text x="${x}" y="${y}" ${more}>${content}</text>`;
const line = (x1, y1, x2, y2) => `<path d="M${x1} ${y1}L${x2} ${y2}" stroke="#ddd"/>`;

function picture(title, unit, y, marks) {
    const axis = y.ticks.flatMap((tick) => [
        line(BOX.left, y(tick), BOX.right, y(tick)),
        text(BOX.left - 8, y(tick) + 4, number(tick), 'text-anchor="end"'),
    ]);
    return [
        `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}"`,
        ' font-family="sans-serif" font-size="12" fill="#333">',
        `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
        text(BOX.left, 24, title, 'font-size="15" font-weight="bold"'),
        text(BOX.left, 40, `${unit}, CPU time`),
        ...axis,
        ...marks,
        '</svg>\n',
    ].join('\n');
}

/** Names beside their ends, pushed apart where they would cover one another. */
function labels(ends) {
    let last = -Infinity;
    return ends
        .sort((a, b) => a.y - b.y)
        .map(({ name, x, y }) => {
            last = Math.max(y + 4, last + 14);
            return text(x + 8, last, name, `fill="${COLOURS[name]}"`);
        });
}

/** A curve per library; `points` are [x, by name: y]. */
function curves(title, unit, xTitle, points) {
    const x = logScale(points.map(([at]) => at), BOX.left, BOX.right);
    const y = logScale(points.flatMap(([, values]) => Object.values(values)), BOX.bottom, BOX.top);
    const marks = [...new Set(points.map(([at]) => at))].map((at) =>
        text(x(at), BOX.bottom + 18, number(at), 'text-anchor="middle"'),
    );
    marks.push(text((BOX.left + BOX.right) / 2, BOX.bottom + 40, xTitle, 'text-anchor="middle"'));
    const ends = [];
    for (const name of Object.keys(COLOURS)) {
        const own = points.filter(([, values]) => values[name] !== undefined);
        if (own.length === 0) continue;
        const places = own.map(([at, values]) => [x(at), y(values[name])]);
        const thick = name === 'Lorikeet' ? 3 : 1.5;
        const path = places.map((place) => place.map((v) => v.toFixed(1)).join(' ')).join('L');
        marks.push(`<path d="M${path}" fill="none" stroke="${COLOURS[name]}" stroke-width="${thick}"/>`);
        ends.push({ name, x: places.at(-1)[0], y: places.at(-1)[1] });
    }
    return picture(title, unit, y, [...marks, ...labels(ends)]);
}

/** A group of bars per point. */
function bars(title, unit, points) {
    const y = logScale(points.flatMap(([, values]) => Object.values(values)), BOX.bottom, BOX.top);
    const names = Object.keys(COLOURS).filter((name) => points.some(([, values]) => values[name]));
    const group = (BOX.right - BOX.left) / points.length;
    const width = (group * 0.8) / names.length;
    const marks = points.flatMap(([label, values], at) => {
        const left = BOX.left + group * (at + 0.1);
        const drawn = names.flatMap((name, i) => {
            if (values[name] === undefined) return [];
            const top = y(values[name]);
            const [x, height] = [left + i * width, BOX.bottom - top];
            const place = `x="${x.toFixed(1)}" y="${top.toFixed(1)}"`;
            const size = `width="${(width - 1).toFixed(1)}" height="${height.toFixed(1)}"`;
            return [`<rect ${place} ${size} fill="${COLOURS[name]}"/>`];
        });
        const middle = `text-anchor="middle" font-size="${points.length > 4 ? 10 : 12}"`;
        return [...drawn, text(left + group * 0.4, BOX.bottom + 18, label, middle)];
    });
    const legend = names.map((name, i) => ({ name, x: BOX.right, y: BOX.top + 16 * i }));
    return picture(title, unit, y, [...marks, ...labels(legend)]);
}

/** [what the pattern's group caught, by name: value], of the rows of a build that match. */
function rows(build, pattern) {
    return results
        .filter((row) => row.build === build && pattern.test(row.work))
        .map(({ work, ours, peers }) => [pattern.exec(work)[1], { ...peers, ...(ours && { Lorikeet: ours }) }]);
}
const byNumber = (points) => points.map(([at, values]) => [Number(at), values]).sort((a, b) => a[0] - b[0]);

const kinds = { wasm: 'under Node', native: 'native' };
for (const [build, label] of Object.entries(kinds)) {
    const draw = (name, points, make) => {
        if (points.length > 0) writeFileSync(new URL(`${name}-${build}.svg`, folder), make(points));
    };
    draw('both-type', byNumber(rows(build, /^both type: an arriving key, round (\d+)$/)), (points) =>
        curves(`Both type: an arriving key, ${label}`, 'microseconds', 'rounds so far', points),
    );
    draw('comes-back', byNumber(rows(build, /back with (\d+) offline edits: an arriving key/)), (points) =>
        curves(`One comes back: an arriving key, ${label}`, 'microseconds', 'edits made offline', points),
    );
    draw('traces', rows(build, /^(.*): a commit per transaction$/), (points) =>
        bars(`Editing traces, a commit per transaction, ${label}`, 'milliseconds', points),
    );
}
