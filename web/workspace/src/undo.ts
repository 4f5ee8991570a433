// SPDX-License-Identifier: MIT
// Undo for an editor that has none of its own: what this user did, newest last, each step as the
// change that takes it back. Changes of others move the steps and are never taken back.
//
//   now ── steps[n-1] ──► before the last edit ── steps[n-2] ──► before the one before it ...

import { ChangeSet } from "@codemirror/state";

// Typing without a pause as long as this is one step.
const PAUSE_MS = 800;

export class OwnUndo {
  private done: ChangeSet[] = [];
  private undone: ChangeSet[] = [];
  private lastEdit = -Infinity;

  /** The user made `change` to `content`. `join` puts it into the last step whatever the pause. */
  record(change: ChangeSet, content: string, join: boolean): void {
    const inverse = invert(change, content);
    const time = performance.now();
    const last = this.done.at(-1);
    if (last && (join || (time - this.lastEdit < PAUSE_MS && continues(change, last)))) {
      this.done[this.done.length - 1] = inverse.compose(last);
    } else {
      this.done.push(inverse);
    }
    this.lastEdit = time;
    this.undone = [];
  }

  /** Someone else made `change`. */
  moveBy(change: ChangeSet): void {
    moveSteps(this.done, change);
    moveSteps(this.undone, change);
  }

  undo(content: string): ChangeSet | null {
    return shift(this.done, this.undone, content);
  }

  redo(content: string): ChangeSet | null {
    return shift(this.undone, this.done, content);
  }
}

function shift(from: ChangeSet[], to: ChangeSet[], content: string): ChangeSet | null {
  const change = from.pop();
  if (!change) return null;
  to.push(invert(change, content));
  return change;
}

function moveSteps(steps: ChangeSet[], change: ChangeSet): void {
  for (let i = steps.length - 1; i >= 0; i -= 1) {
    const moved = steps[i].map(change);
    change = change.map(steps[i], true);
    steps[i] = moved;
  }
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
