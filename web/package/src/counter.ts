// SPDX-License-Identifier: MIT

import { check } from "./call.js";
import { enroll, LoroContainer } from "./container.js";
import { engine } from "./module.js";

/** A number to which everybody adds. */
export class LoroCounter extends LoroContainer {
  kind(): "Counter" {
    return "Counter";
  }

  protected fill(from: this): void {
    this.increment(from.value);
  }

  /** @internal As in Loro: one that goes into a document adds what it counted, also if that is 0. */
  override take(from: this): void {
    this.fill(from);
  }

  get value(): number {
    return engine().w_counter_value(this.doc, this.ref);
  }

  increment(value: number): void {
    check(engine().w_counter_add(this.doc, this.ref, Number(value)));
  }

  decrement(value: number): void {
    this.increment(-value);
  }

  getShallowValue(): number {
    return this.value;
  }
}

enroll("Counter", LoroCounter);
