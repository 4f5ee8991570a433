// SPDX-License-Identifier: MIT
// Waiting times between attempts: 0.5 s, doubling to 15 s, each shortened at random by up to half,
// so that a room whose server came back does not return all at once.

const FIRST_MS = 500;
const LONGEST_MS = 15_000;
const DOUBLINGS = Math.ceil(Math.log2(LONGEST_MS / FIRST_MS));

export class Backoff {
  private failures = 0;

  next(): number {
    const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** this.failures);
    this.failures += 1;
    return full * (1 - Math.random() / 2);
  }

  longest(): void {
    this.failures = DOUBLINGS;
  }

  reset(): void {
    this.failures = 0;
  }
}
