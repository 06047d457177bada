import { describe, expect, test } from "vitest";
import { readNpy } from "../../../src/model/read-npy.ts";
import { npy } from "../../support/npy.ts";
import { refusal } from "../../support/onnx/refusal.ts";

const BYTES = Uint8Array.from({ length: 12 }, (_, i) => i);

/** numpy.save of numpy.arange(6, dtype="<u2").reshape(1, 2, 3), NumPy 2.4. */
const SAVED =
  "k05VTVBZAQB2AHsnZGVzY3InOiAnPHUyJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDEsIDIsIDMpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAAAEAAgADAAQABQA=";

const refused = (file: Uint8Array<ArrayBuffer>) => refusal("-", () => readNpy("golden/a.npy", file));

describe("readNpy", () => {
  test("reads what numpy.save writes", () => {
    expect(readNpy("a.npy", new Uint8Array(Buffer.from(SAVED, "base64")))).toEqual({
      bytes: Uint8Array.of(0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0),
      array: { dtype: "uint16", shape: [1, 2, 3] },
    });
  });

  test.each([1, 2] as const)(
    "reads version %i of the format, its numbers in memory of their own",
    (major) => {
      const { bytes, array } = readNpy("a.npy", npy({ descr: "|u1", shape: "(3, 4)" }, BYTES, major));
      expect({ bytes, array }).toEqual({ bytes: BYTES, array: { dtype: "uint8", shape: [3, 4] } });
      expect(bytes.buffer.byteLength).toBe(12);
    },
  );

  test.each([
    [
      "another file",
      new Uint8Array(Buffer.from("\x89PNG, not an array")),
      "golden/a.npy: is no NumPy file (.npy)",
    ],
    ["nothing", new Uint8Array(), "golden/a.npy: is no NumPy file (.npy)"],
    [
      "a file that is cut off in its header",
      npy({ descr: "|u1", shape: "(3, 4)" }, BYTES).slice(0, 40),
      "golden/a.npy: is no NumPy file (.npy)",
    ],
    [
      "a header that is none",
      npy({ descr: "'", shape: "(3, 4)" }, BYTES),
      "golden/a.npy: is no NumPy file (.npy)",
    ],
    [
      "big-endian numbers",
      npy({ descr: ">u2", shape: "(1, 2, 3)" }, BYTES),
      "golden/a.npy: holds numbers of type >u2, which no raw array has",
    ],
    [
      "int64",
      npy({ descr: "<i8", shape: "(1, 1)" }, BYTES),
      "golden/a.npy: holds numbers of type <i8, which no raw array has",
    ],
    [
      "Fortran order",
      npy({ descr: "|u1", shape: "(3, 4)", order: "True" }, BYTES),
      "golden/a.npy: is in Fortran order: save numpy.ascontiguousarray(array)",
    ],
    [
      "four axes",
      npy({ descr: "|u1", shape: "(1, 3, 2, 2)" }, BYTES),
      "golden/a.npy: expected 2 or 3 dimensions, as [height, width, bands]",
    ],
    [
      "a scalar",
      npy({ descr: "|u1", shape: "()" }, BYTES),
      "golden/a.npy: expected 2 or 3 dimensions, as [height, width, bands]",
    ],
    [
      "numbers that are cut off",
      npy({ descr: "<u2", shape: "(3, 4)" }, BYTES),
      "golden/a.npy: expected 24 bytes for [3, 4] uint16, got 12",
    ],
  ])("refuses %s", (_, file, line) => {
    expect(refused(file)).toBe(line);
  });
});
