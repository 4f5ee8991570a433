// SPDX-License-Identifier: MIT
// One class per failure of LK_STATUS_MAP in lorikeet.h (a test holds the two lists together). The
// messages come from there at run time.

/** A call that failed. The document is as it was, but for `ESPENT`. */
export class LorikeetError extends Error {
  /** The name in lorikeet.h without its prefix: "ERANGE". */
  readonly status: string = "";
  /** For bytes that were refused: which byte. */
  readonly offset?: number;

  constructor(message: string, offset?: number) {
    super(message);
    if (offset !== undefined) this.offset = offset;
  }

  override get name(): string {
    return "LorikeetError";
  }
}

/** A position or length lies outside the container, or inside a surrogate pair. */
export class ERANGE extends LorikeetError {
  override readonly status = "ERANGE";
}
/** The container is of another kind. */
export class EKIND extends LorikeetError {
  override readonly status = "EKIND";
}
/** The document shows its past. */
export class EDETACHED extends LorikeetError {
  override readonly status = "EDETACHED";
}
/** The bytes use an encoding this build does not know. */
export class EVERSION extends LorikeetError {
  override readonly status = "EVERSION";
}
/** The bytes are damaged; `offset` says where. */
export class ECORRUPT extends LorikeetError {
  override readonly status = "ECORRUPT";
}
/** The input exceeds a limit. */
export class ELIMIT extends LorikeetError {
  override readonly status = "ELIMIT";
}
/** Memory is out; nothing was changed. */
export class ENOMEM extends LorikeetError {
  override readonly status = "ENOMEM";
}
/** The value is not one a document can hold. */
export class EVALUE extends LorikeetError {
  override readonly status = "EVALUE";
}
/** The call does not fit the state of the object. */
export class ESTATE extends LorikeetError {
  override readonly status = "ESTATE";
}
/** The named version, container or peer is not known here. */
export class EMISSING extends LorikeetError {
  override readonly status = "EMISSING";
}
/** The peer did not prove who it is. */
export class EAUTH extends LorikeetError {
  override readonly status = "EAUTH";
}
/** Memory ran out halfway; the object can only be freed. */
export class ESPENT extends LorikeetError {
  override readonly status = "ESPENT";
}

export const STATUSES = new Map<number, typeof LorikeetError>([
  [-1, ERANGE],
  [-2, EKIND],
  [-3, EDETACHED],
  [-4, EVERSION],
  [-5, ECORRUPT],
  [-6, ELIMIT],
  [-7, ENOMEM],
  [-8, EVALUE],
  [-9, ESTATE],
  [-10, EMISSING],
  [-11, EAUTH],
  [-90, ESPENT],
]);
