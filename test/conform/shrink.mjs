// Makes a failing history short.
import { fault } from './player.mjs';

const LONGEST_MS = 20_000;

/** What sort of failure it is: "events differs", "Every op id should be unique", ... */
const sortOf = (error) => error?.message.split('\n')[0].split(': ').pop().replace(/^step \d+/, '').slice(0, 24);

/** Drop chunks of its steps, ever smaller ones, while it still fails in the same way. */
export function cutDown(history) {
    const end = Date.now() + LONGEST_MS;
    let error = fault(history);
    const sort = sortOf(error);
    for (let chunk = history.steps.length >> 1; chunk >= 1 && Date.now() < end;) {
        let dropped = false;
        for (let at = 0; at < history.steps.length && Date.now() < end;) {
            const { steps } = history;
            const shorter = { ...history, steps: [...steps.slice(0, at), ...steps.slice(at + chunk)] };
            const still = fault(shorter);
            if (sortOf(still) === sort) [history, error, dropped] = [shorter, still, true];
            else at += chunk;
        }
        if (!dropped || chunk > 1) chunk >>= 1;
    }
    return { history, error };
}
