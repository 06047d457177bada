import { describe, expect, test } from "vitest";
import { soakRequests } from "../../../benchmark/soak/soak-requests.ts";
import { seededRandom } from "../../../src/bench/seeded-random.ts";

const IMAGES = [64, 65_536, 3_000_000].map((pixels) => ({
  name: `${pixels}`,
  pixels,
  bytes: Buffer.alloc(12, pixels),
}));

function draw(count: number, seed: number) {
  const random = seededRandom(seed);
  const next = soakRequests({ images: IMAGES, signatures: ["class", "scores"], random });
  return Array.from({ length: count }, next);
}

describe("soakRequests", () => {
  test("makes the same requests for the same seed", () => {
    expect(draw(100, 3)).toEqual(draw(100, 3));
    expect(draw(100, 3)).not.toEqual(draw(100, 4));
  });

  test("makes every kind: good and bad images, bodies too large, clients that leave", () => {
    const requests = draw(3000, 1);
    const kinds = new Set(requests.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([
      "/v1",
      "GET /analyze",
      "GET /nowhere",
      "a bad image",
      "a bad image among others",
      "a body too large",
      "bad JSON",
      "gzip",
      "images",
      "left uploading",
      "left waiting",
      "multipart",
      "one image",
      "raw image",
      "too many instances",
    ]);
    expect(new Set(requests.flatMap(({ statuses }) => statuses))).toEqual(new Set([200, 400, 404, 413]));
  });

  test("has no photographs where it has many images", () => {
    const photograph = (IMAGES[2]?.bytes ?? Buffer.alloc(0)).toString("base64");
    const bodies = draw(2000, 2).flatMap(({ kind, body }) => (kind === "images" ? [String(body)] : []));
    const count = (body: string) => body.split("image_bytes").length - 1;
    expect(bodies.some((body) => count(body) === 40)).toBe(true);
    expect(bodies.some((body) => body.includes(photograph))).toBe(true);
    expect(bodies.filter((body) => count(body) > 5).some((body) => body.includes(photograph))).toBe(false);
  });
});
