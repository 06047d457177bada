import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { paintPicture } from "../paint-picture.ts";

/** Longest edges in pixels, each about 1.3 times the one before. */
const LONGEST_EDGES = [64, 96, 128, 160, 200, 256, 320, 400, 512, 640, 800, 1000, 1250, 1600, 2000];

const ASPECTS = [1, 3 / 4, 2 / 3] as const;
/** A prime to their number: neighbours in the folder, and so in a request, differ in size. */
const STRIDE = 7;

/** Writes images of all sizes, each as JPEG and as PNG, with differing aspects; the same for the same seed. */
export async function writeMixedImages(folder: string, seed = 64): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const i of LONGEST_EDGES.keys()) {
    const longest = LONGEST_EDGES[(i * STRIDE) % LONGEST_EDGES.length] as number;
    const shortest = Math.round(longest * (ASPECTS[i % ASPECTS.length] as number));
    const isWide = i % 2 === 0;
    const size = { height: isWide ? shortest : longest, width: isWide ? longest : shortest };
    const picture = sharp(paintPicture(seed + i, size), { raw: { ...size, channels: 3 } });
    const name = `${String(i).padStart(2, "0")}-${size.width}x${size.height}`;
    writeFileSync(join(folder, `${name}.jpg`), await picture.clone().jpeg({ quality: 87 }).toBuffer());
    writeFileSync(join(folder, `${name}.png`), await picture.clone().png().toBuffer());
  }
}
