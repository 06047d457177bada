import { describe, expect, onTestFinished, test, vi } from "vitest";
import { JsonText } from "../../../src/protocol/answer.ts";
import { writeJson } from "../../../src/protocol/write-json.ts";
import type { DType, TensorData } from "../../../src/tensor/dtype.ts";
import { fromFloat16Bits, toFloat16Bits } from "../../../src/tensor/float16.ts";
import type { Tensor } from "../../../src/tensor/tensor.ts";
import { written } from "./written.ts";

const tensor = (dtype: DType, shape: readonly number[], data: TensorData): Tensor => ({ dtype, shape, data });

describe("writeJson", () => {
  const plain = [
    null,
    true,
    'a"\\\n\u2028 é 😀 \ud800',
    0.1,
    -0,
    3,
    1e21,
    [],
    {},
    [[], {}, [1, { a: "b", "c\n": [null, false] }]],
  ];
  test.each(plain.map((value) => ({ value })))("writes $value as JSON.stringify does", async ({ value }) => {
    expect(await written(value)).toBe(JSON.stringify(value));
  });

  test("writes __proto__ as a name like any other", async () => {
    expect(await written(JSON.parse('{"__proto__":[1]}'))).toBe('{"__proto__":[1]}');
  });

  test.each<[string, Tensor, string]>([
    ["float32", tensor("float32", [3], Float32Array.of(0.2, 3, -0)), "[0.2,3.0,-0.0]"],
    ["float64", tensor("float64", [4], Float64Array.of(0.1, 3, -0, 1e300)), "[0.1,3.0,-0.0,1e+300]"],
    [
      "float16",
      tensor("float16", [6], Uint16Array.of(...[0.1, 1, 65504, -0, 2 ** -24, 1 / 3].map(toFloat16Bits))),
      "[0.099975586,1.0,65504.0,-0.0,5.9604645e-8,0.33325195]",
    ],
    ["int8", tensor("int8", [3], Int8Array.of(-128, 0, 127)), "[-128,0,127]"],
    ["int32", tensor("int32", [2], Int32Array.of(-(2 ** 31), 2 ** 31 - 1)), "[-2147483648,2147483647]"],
    [
      "uint32",
      tensor("uint32", [2], Uint32Array.of(1_000_000_000, 4_294_967_295)),
      "[1000000000,4294967295]",
    ],
    [
      "int64",
      tensor("int64", [2], BigInt64Array.of(9_007_199_254_740_993n, -(2n ** 63n))),
      "[9007199254740993,-9223372036854775808]",
    ],
    ["uint64", tensor("uint64", [1], BigUint64Array.of(2n ** 64n - 1n)), "[18446744073709551615]"],
    ["bool", tensor("bool", [2], Uint8Array.of(0, 1)), "[false,true]"],
    ["string", tensor("string", [2], ['a"b', "é"]), '["a\\"b","é"]'],
    ["a scalar", tensor("float32", [], Float32Array.of(5)), "5.0"],
    ["rank 2", tensor("uint8", [2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6)), "[[1,2,3],[4,5,6]]"],
    ["rank 3", tensor("uint8", [2, 1, 2], Uint8Array.of(1, 2, 3, 4)), "[[[1,2]],[[3,4]]]"],
    ["rank 3, last 1", tensor("uint8", [2, 2, 1], Uint8Array.of(1, 2, 3, 4)), "[[[1],[2]],[[3],[4]]]"],
    ["no elements", tensor("float32", [0], new Float32Array(0)), "[]"],
    ["no columns", tensor("float32", [2, 0], new Float32Array(0)), "[[],[]]"],
    ["no rows", tensor("float32", [0, 2], new Float32Array(0)), "[]"],
    ["a view", tensor("uint8", [2], Uint8Array.of(9, 1, 2).subarray(1)), "[1,2]"],
  ])("writes a tensor: %s", async (_, value, expected) => {
    expect(await written({ y: value })).toBe(`{"y":${expected}}`);
  });

  test("writes NaN and infinities as null, and counts them", async () => {
    const values = [Number.NaN, Number.POSITIVE_INFINITY, 3, Number.NEGATIVE_INFINITY];
    const answer = [
      tensor("float32", [2, 2], Float32Array.from(values)),
      tensor("float64", [4], Float64Array.from(values)),
      tensor("float16", [4], Uint16Array.from(values.map(toFloat16Bits))),
      Number.NaN,
    ];
    expect(await written(answer)).toBe(
      "[[[null,null],[3.0,null]],[null,null,3.0,null],[null,null,3.0,null],null]",
    );
    expect((await writeJson(answer)).nonFinite).toBe(10);
  });

  test("writes each half as the number that it is, to float32", async () => {
    const halves = Uint16Array.from({ length: 65_536 }, (_, i) => i).filter(
      (half) => (half & 0x7c00) !== 0x7c00,
    );
    const numbers: number[] = JSON.parse(await written(tensor("float16", [halves.length], halves)));
    expect(numbers.map(Math.fround)).toEqual([...halves].map(fromFloat16Bits));
  });

  test("writes a caller's JSON as it stands, even one that looks like a tensor", async () => {
    const text = '{"dtype":"float32","shape":[1000000000],"data":[]}';
    expect(await written({ key: new JsonText(text) })).toBe(`{"key":${text}}`);
  });

  test("writes long answers whole, in chunks", async () => {
    const mask = Uint8Array.from({ length: 700 * 600 }, (_, i) => i % 251);
    const answer = {
      a: "é".repeat(300_000),
      mask: tensor("uint8", [700, 600], mask),
      b: ["x".repeat(5_000)],
    };
    const rows = Array.from({ length: 700 }, (_, i) => [...mask.subarray(i * 600, (i + 1) * 600)]);
    expect(await written(answer)).toBe(JSON.stringify({ ...answer, mask: rows }));
    expect((await writeJson(answer)).chunks.length).toBeGreaterThan(1);
  });

  test("writes long lists of strings", async () => {
    const data = Array.from({ length: 3_000 }, (_, i) => "é".repeat(i % 300));
    expect(await written(tensor("string", [3_000], data))).toBe(JSON.stringify(data));
  });

  test("lets the event loop run while it writes a long answer", async () => {
    let ticks = 0;
    let waiting = true;
    const tick = () => {
      ticks++;
      if (waiting) setImmediate(tick);
    };
    setImmediate(tick);
    await writeJson(tensor("float32", [2_000, 1_000], new Float32Array(2_000_000).fill(0.1)));
    waiting = false;
    expect(ticks).toBeGreaterThan(3);
  });

  test("lets the event loop run after each slice, whichever of several long answers it is of", async () => {
    // Each look at the clock finds a slice used up.
    let nowMs = 0;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => (nowMs += 10));
    onTestFinished(() => clock.mockRestore());
    const long = { dtype: "float32", shape: [40_960], data: new Float32Array(40_960) } as const;
    let turns = 0;
    let isWaiting = true;
    const tick = () => {
      turns += 1;
      if (isWaiting) setImmediate(tick);
    };
    const alone = writeJson(long).then(() => turns);
    setImmediate(tick);
    const turnsAlone = await alone;
    await Promise.all([writeJson(long), writeJson(long), writeJson(long)]);
    isWaiting = false;
    expect(turnsAlone).toBeGreaterThan(5);
    expect(turns - turnsAlone).toBeGreaterThan(2.5 * turnsAlone);
  });
});
