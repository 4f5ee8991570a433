// SPDX-License-Identifier: MIT
// Undo for an editor that has none of its own: what this user did, newest last, each step as the
// change that takes it back. Changes of others move the steps and are never taken back.
//
//   now ── steps[n-1] ──► before the last edit ── steps[n-2] ──► before the one before it ...
//
// A change of others is kept with the newest step and moves that one when it is needed; what it means
// for the step below goes on to there. So a key of theirs costs the same after hours of writing.

import { ChangeSet } from "@codemirror/state";

// Typing without a pause as long as this is one step.
const PAUSE_MS = 800;

interface Step {
  change: ChangeSet;
  /** What others did since, which has moved neither this step nor those below. */
  since: ChangeSet | null;
}

export class OwnUndo {
  private done: Step[] = [];
  private undone: Step[] = [];
  private lastEdit = -Infinity;

  /** The user made `change` to `content`. `join` puts it into the last step whatever the pause. */
  record(change: ChangeSet, content: string, join: boolean): void {
    const inverse = invert(change, content);
    const time = performance.now();
    const last = newest(this.done);
    if (last && (join || (time - this.lastEdit < PAUSE_MS && continues(change, last.change)))) {
      last.change = inverse.compose(last.change);
    } else {
      this.done.push({ change: inverse, since: null });
    }
    this.lastEdit = time;
    this.undone = [];
  }

  /** Someone else made `change`. */
  moveBy(change: ChangeSet): void {
    keepWith(this.done.at(-1), change);
    keepWith(this.undone.at(-1), change);
  }

  undo(content: string): ChangeSet | null {
    return shift(this.done, this.undone, content);
  }

  redo(content: string): ChangeSet | null {
    return shift(this.undone, this.done, content);
  }
}

function shift(from: Step[], to: Step[], content: string): ChangeSet | null {
  const step = newest(from);
  if (!step) return null;
  from.pop();
  to.push({ change: invert(step.change, content), since: null });
  return step.change;
}

function keepWith(step: Step | undefined, since: ChangeSet): void {
  if (step) step.since = step.since?.compose(since) ?? since;
}

/** The newest step, moved past what others did since. */
function newest(steps: Step[]): Step | undefined {
  const step = steps.at(-1);
  if (step?.since) {
    keepWith(steps.at(-2), step.since.map(step.change, true));
    step.change = step.change.map(step.since);
    step.since = null;
  }
  return step;
}

function invert(change: ChangeSet, content: string): ChangeSet {
  const specs: { from: number; to: number; insert: string }[] = [];
  change.iterChanges((fromA, toA, fromB, toB) => {
    specs.push({ from: fromB, to: toB, insert: content.slice(fromA, toA) });
  });
  return ChangeSet.of(specs, change.newLength, "\n");
}

/** Whether `change` begins where the edit that `last` takes back ended. */
function continues(change: ChangeSet, last: ChangeSet): boolean {
  let touches = false;
  change.iterChangedRanges((from, to) => {
    touches = last.touchesRange(from, to) !== false;
  });
  return touches;
}
