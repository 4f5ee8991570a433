// Plays one history on twins: every peer is two documents, ours and theirs, that make the same
// edits and exchange each other's bytes.
//
//     peer 0: ours ═ theirs      `═` must always show the same: JSON, version, frontiers, events
//               ╲ ╱              every blob crosses over: ours imports what theirs exported
//     peer 1: ours ═ theirs
import { frontiersOf, historyOf, jsonUpdatesOf, same, sameBytes, statusOf, versionOf } from './compare.mjs';
import { randomSource, shuffled } from './history.mjs';
import { containersOf, shown } from './side.mjs';
import { Twin } from './twin.mjs';

class Group {
    constructor(libraries, peers) {
        this.libraries = libraries;
        this.everybody = []; // who was ever born
        this.twins = Array.from({ length: peers }, () => this.birth());
        this.pool = [];
        this.aliases = 0; // names under which peers edited the past
    }
    birth(late = false) {
        // Small, large, and beyond what a double holds.
        const n = BigInt(this.everybody.length + 1);
        const peer = n % 3n === 0n ? 2n ** 63n + n : n % 3n === 1n ? n : n << 40n;
        const twin = new Twin(this.libraries, peer, late);
        this.everybody.push(twin);
        return twin;
    }
    free() {
        for (const twin of this.everybody) twin.free();
    }
    publish(message) {
        this.pool.push(message);
        return message;
    }
    pooled(n) {
        return this.pool[n % (this.pool.length || 1)];
    }
    step(step, name) {
        const { kind, at, what, where, size } = step;
        const twin = this.twins[step.peer];
        const other = this.twins[step.other];
        const crossed = size % 4 > 0;
        switch (kind) {
            case 'edit':
                return twin.edit(step, name);
            case 'commit':
                twin.commit();
                return what % 4 ? twin.compare(name) : twin.examine(name);
            case 'publish':
                return this.publish(twin.news());
            case 'deliver':
                return this.pool.length > 0 && twin.import(this.pooled(at), crossed, name);
            case 'batch': {
                const several = [at, where, what].map((n) => this.pooled(n));
                return this.pool.length > 0 && twin.import(several, crossed, name);
            }
            case 'sync':
                return this.sync(twin, other, name, crossed);
            case 'range':
                return other.import(this.publish(this.range(twin, step)), crossed, name);
            case 'snapshot':
                return other.import(this.publish(twin.export(() => ({ mode: 'snapshot' }))), crossed, name);
            case 'look back':
                return twin.lookBack(step, this.pooled(at), name);
            case 'leave':
                return twin.leave(step);
            case 'return':
                twin.attach();
                return twin.examine(name);
            case 'fork':
                return twin.fork(step, name);
            case 'share':
                return twin.share(step, name);
            case 'revert':
                return twin.revert(step, name);
            case 'wander':
                return twin.wander(step, BigInt(++this.aliases) << 50n, name);
            case 'apply':
                return twin.apply(step, name);
            case 'cursor':
                twin.cursor(step, name);
                if (what % 2) other.cursors.push(...twin.cursors.slice(-1));
                return;
            case 'reload':
                this.publish(twin.news());
                return this.reborn(step, twin.late, name, () => ({
                    mode: size % 2 ? 'snapshot' : 'update',
                }));
            case 'late':
                this.publish(twin.news());
                twin.note();
                return this.reborn(step, true, name, (side) => ({
                    mode: 'shallow-snapshot',
                    frontiers: size % 3 ? side.doc.oplogFrontiers() : twin.noted(at),
                }));
        }
    }
    /** Another begins from what a peer has, and takes its place. */
    reborn({ peer }, late, name, options) {
        const message = this.twins[peer].export(options);
        this.twins[peer] = this.birth(late);
        this.twins[peer].import(message, true, name);
    }
    /** Some of what `twin` has, whatever it builds on. */
    range(twin, { at, where, size }) {
        const version = Object.entries(versionOf(twin.ours.doc));
        const spans = version
            .filter((_, i) => (at >> i) % 2 === 0)
            .map(([peer, end]) => {
                const counter = where % end;
                return { id: { peer, counter }, len: 1 + (size % (end - counter)) };
            });
        return twin.export(() => ({ mode: 'updates-in-range', spans }));
    }
    sync(twin, other, name, crossed = true, told = true) {
        other.commit();
        const known = (side) => (side === twin.ours ? other.ours : other.theirs).doc.version();
        const message = twin.export((side) => ({ mode: 'update', from: known(side) }));
        this.publish(message);
        other.import(message, crossed, name, told);
    }

    /** Everybody gets everything; then all are the same, but for who lacks the beginning. */
    settle(random) {
        for (const twin of this.twins) {
            twin.attach();
            this.publish(twin.news());
        }
        for (const twin of this.twins) {
            const order = shuffled(random, this.pool.length);
            const all = order.map((index) => this.pool[index]);
            if (random.below(2)) twin.import(all, true, 'settling with all blobs');
            else
                for (const index of order)
                    twin.import(this.pool[index], index % 2 === 0, `settling with blob ${index}`);
            twin.examine('settled');
        }
        const [first, ...rest] = this.twins.filter(({ late }) => !late);
        for (const twin of rest) {
            const what = 'two peers after everything was delivered';
            same(`${what}: JSON`, shown(twin.ours.doc), shown(first.ours.doc));
            same(`${what}: version`, versionOf(twin.ours.doc), versionOf(first.ours.doc));
            same(`${what}: frontiers`, frontiersOf(twin.ours.doc), frontiersOf(first.ours.doc));
        }
        return first;
    }
    /** Who starts from any one blob is the same as the others. */
    newcomer(first, mode) {
        const newcomer = this.birth();
        const message = first.export(() => ({ mode }));
        newcomer.import(message, true, `a newcomer, ${mode}`);
        newcomer.examine(`a newcomer, ${mode}`);
    }
    /** What peers sent while they wrote is all that they wrote. */
    fromLocal() {
        const newcomer = this.birth();
        for (const { ours, theirs } of this.everybody) {
            same('local updates', ours.local.length, theirs.local.length);
            ours.local.forEach((bytes, i) => sameBytes('local updates', bytes, theirs.local[i]));
        }
        newcomer.both((side) => {
            for (const twin of this.everybody)
                for (const bytes of (side === newcomer.ours ? twin.theirs : twin.ours).local)
                    side.doc.import(bytes);
        });
        newcomer.examine('a newcomer, from local updates');
    }
    /** Both tell of the same changes; and who gets them as JSON has what the others have. */
    throughJson(first) {
        first.commit();
        first.ask('changes', (side) => historyOf(side.doc));
        first.ask('export (JSON)', (side) => jsonUpdatesOf(side.doc));
        const [ours, theirs] = first.both((side) => side.doc.exportJsonUpdates());
        const newcomer = this.birth();
        const status = newcomer.both((side) =>
            statusOf(() => side.doc.importJsonUpdates(side === newcomer.ours ? theirs.value : ours.value)),
        );
        same('JSON updates: status', status[0].value, status[1].value);
        newcomer.examine('a newcomer, JSON updates');
        same('JSON updates: version', versionOf(newcomer.ours.doc), versionOf(first.ours.doc));
    }
    /** Who begins with a shallow snapshot goes on with the others like anybody else. */
    beginLate(first, edits) {
        const late = this.birth(true);
        const message = first.export((side) => ({
            mode: 'shallow-snapshot',
            frontiers: side.doc.frontiers(),
        }));
        late.import(message, true, 'a newcomer, shallow');
        late.both((side) => containersOf(side.doc));
        for (let i = 0; i + 1 < edits.length; i += 2) {
            late.edit(edits[i], 'who began late');
            first.edit(edits[i + 1], 'who meets who began late');
            if (i % 4 > 0) continue; // sometimes more than one before they hear of each other
            this.sync(late, first, `from who began late, edit ${i}`, true, false);
            this.sync(first, late, `to who began late, edit ${i}`);
        }
        this.sync(late, first, 'from who began late', true, false);
        this.sync(first, late, 'to who began late');
        same('who began late: JSON', shown(first.ours.doc), shown(late.theirs.doc));
        const again = late.export(() => ({ mode: 'snapshot' }));
        this.birth(true).import(again, true, 'a newcomer, as late');
    }
    /** One of these ways to begin anew, which cost as much as a whole short history. */
    begin(way, first, edits) {
        switch (way) {
            case 0:
                return this.newcomer(first, 'update');
            case 1:
                return this.newcomer(first, 'snapshot');
            case 2:
                return this.fromLocal();
            case 3:
                return this.throughJson(first);
            default:
                return this.beginLate(first, edits);
        }
    }
}

/** Throws Mismatch where the two sides part. */
export function play(libraries, { seed, peers, steps }) {
    const random = randomSource(seed ^ 0x5e771e);
    const way = random.below(5);
    const group = new Group(libraries, peers);
    try {
        steps.forEach((step, i) =>
            group.step(step, `step ${i} (${step.kind} by peer ${step.peer})`),
        );
        const first = group.settle(random);
        const edits = steps.filter(({ kind }) => kind === 'edit').slice(0, 12);
        if (first) group.begin(way, first, edits);
    } finally {
        group.free();
    }
}
