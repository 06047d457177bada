import { readFileSync } from "node:fs";

/** What `tools/make-grpc-references.py` wrote; messages in hexadecimal. */
export interface GrpcReferences {
  readonly tensors: readonly TensorReference[];
  readonly refusedTensors: readonly { readonly name: string; readonly hex: string }[];
  readonly predict: { readonly request: string; readonly labelled: string; readonly response: string };
  readonly examples: { readonly list: string; readonly withContext: string };
  readonly results: { readonly classification: string; readonly regression: string };
  readonly inferRaw: { readonly request: string };
  readonly inferContents: readonly {
    readonly datatype: string;
    readonly request: string;
    readonly raw: string;
  }[];
  readonly inferResponse: { readonly raw: string; readonly typed: string };
}

export interface TensorReference {
  readonly name: string;
  readonly hex: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** 64-bit integers as strings; halves as their bits. */
  readonly data: readonly (number | string)[];
  /** It is written as the server writes it. */
  readonly isAnswer?: true;
}

const FILE = new URL("../../unit/grpc/fixtures/messages.json", import.meta.url);

/** Returns the messages that the clients' own Python libraries made. */
export function grpcReferences(): GrpcReferences {
  return JSON.parse(readFileSync(FILE, "utf8")) as GrpcReferences;
}

/** Returns the bytes of a stored message. */
export function fromHex(hex: string): Buffer {
  return Buffer.from(hex, "hex");
}
