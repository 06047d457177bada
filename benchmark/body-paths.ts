import { randomFillSync } from "node:crypto";
import { measureCost } from "./cpu-meter.ts";
import { parseLifted, parseOrdinary } from "./measure-json.ts";

const SECONDS = 2;

/** Prints what an image costs the event loop by either way from a body to encoded images; they take turns. */
async function main(): Promise<void> {
  const line = (cells: readonly unknown[]) => process.stdout.write(`| ${cells.join(" | ")} |\n`);
  line(["Image", "in a body", "ordinary, CPU-ms per image", "lifted", "ordinary / lifted"]);
  line(["---", "---", "---", "---", "---"]);
  for (const bytes of [15_000, 100_000]) {
    for (const count of [10, 64]) {
      const bodies = Array.from({ length: 4 }, () => bodyOf(bytes, count));
      const ordinary = await cost(bodies, count, (body) => parseOrdinary(body, { maxInstances: count }));
      const lifted = await cost(bodies, count, (body) => parseLifted(body, count));
      line([
        `${bytes / 1000} kB`,
        count,
        ordinary.toFixed(4),
        lifted.toFixed(4),
        (ordinary / lifted).toFixed(1),
      ]);
    }
  }
  process.stdout.write(`Node ${process.version}\n`);
}

function bodyOf(bytes: number, count: number): Buffer {
  const instances = Array.from({ length: count }, () => ({
    image_bytes: { b64: randomFillSync(Buffer.alloc(bytes)).toString("base64") },
  }));
  return Buffer.from(JSON.stringify({ instances }));
}

async function cost(
  bodies: readonly Buffer[],
  count: number,
  parse: (body: Buffer) => Promise<void>,
): Promise<number> {
  const step = async () => {
    for (const body of bodies) await parse(body);
    return bodies.length * count;
  };
  return (await measureCost({ step, seconds: SECONDS })).cpuMsPerImage;
}

main().catch((error: unknown) => {
  process.stderr.write(`body paths: ${(error as Error).stack}\n`);
  process.exitCode = 1;
});
