// SPDX-License-Identifier: MIT
// Messages that wait for one channel, in a lane for each document, so that much of one does not hold
// up the others (docs/PROTOCOL.md section 2.2); the program's is src/host/turns.h, and says more
// about why.
//
//   put ─► lanes, whose turn comes next first ─┬ few bytes: a message each, in turn ─────┬─► take
//                                              └ many: one lane, until what it held went ┘
//                                                                        one of each in turn

import { roomOf } from "lorikeet-crdt/room";

interface Lane {
  id: string;
  messages: Uint8Array[];
  bytes: number;
}

// More than that in a lane are many: a large update, not somebody's typing.
const MANY = 64 * 1024;
/** An id stands within these. */
export const ADDRESS = 256;

export class Turns {
  private lanes: Lane[] = [];
  /** The lane of many, and bytes that it still has in its turn. */
  private many: Lane | null = null;
  private quota = 0;
  private manyNext = false;

  get empty(): boolean {
    return this.lanes.length === 0;
  }

  put(message: Uint8Array): void {
    const id = roomOf(message.subarray(0, ADDRESS)) ?? "";
    let lane = this.lanes.find((other) => other.id === id);
    if (!lane) this.lanes.push((lane = { id, messages: [], bytes: 0 }));
    lane.messages.push(message);
    lane.bytes += message.length;
  }

  take(): Uint8Array | undefined {
    const few = this.lanes.find((lane) => lane !== this.many && lane.bytes <= MANY);
    const many = this.many ?? this.lanes.find((lane) => lane.bytes > MANY);
    const lane = this.manyNext ? (many ?? few) : (few ?? many);
    const message = lane?.messages.shift();
    if (!lane || !message) return undefined;
    lane.bytes -= message.length;
    this.manyNext = lane !== many;
    if (lane === many) this.count(lane, message.length);
    this.lanes.splice(this.lanes.indexOf(lane), 1);
    if (lane.messages.length > 0) this.lanes.push(lane);
    return message;
  }

  private count(lane: Lane, bytes: number): void {
    if (!this.many) this.quota = lane.bytes + bytes;
    this.quota -= bytes;
    this.many = this.quota > 0 ? lane : null;
  }
}
