import assert from "node:assert/strict";
import type { ContainerTests } from "./container-test.ts";
import { assertDigits } from "./digits.ts";
import { Container, HARDENED, imageBytes } from "./docker.ts";
import { build, CUDA_BASE, GPU_IMAGE } from "./images.ts";

const hardened = (...flags: string[]) => ({ image: GPU_IMAGE, flags: [...HARDENED, ...flags] });

/** How the GPU image behaves where no GPU is. */
export const GPU_TESTS: ContainerTests = {
  "the GPU image's size, without the CUDA provider": async () => {
    const [bytes, base] = await Promise.all([imageBytes(GPU_IMAGE), imageBytes(CUDA_BASE)]);
    return `${(bytes / 1e6).toFixed(1)} MB, of which ${((bytes - base) / 1e6).toFixed(1)} MB above the base`;
  },

  "DEVICE=cuda without a GPU fails the start with one line": async () => {
    const container = await Container.start(hardened("--env=DEVICE=cuda"));
    try {
      const { code } = await container.exit();
      assert.equal(code, 1);
      assert.match(await container.stderr(), /^onnx-serving: [^\n]*CUDA[^\n]*\n$/);
    } finally {
      await container.remove();
    }
    return undefined;
  },

  "DEVICE=auto, its default, serves on the CPU with a warning": () =>
    Container.use(hardened(), async (container) => {
      await assertDigits(await container.url());
      const entries = (await container.logs()).split("\n").filter((line) => line.startsWith("{"));
      const warnings = entries
        .map((line) => JSON.parse(line) as { level: string; msg: string })
        .filter(({ level }) => level === "warn");
      assert.deepEqual(warnings.length, 1);
      assert.match(warnings[0]?.msg ?? "", /serving on the CPU.*CUDA/);
      assert.match(await container.exec("cat", "/proc/1/status"), /^Uid:\t1000\t/m);
      return undefined;
    }),

  "it serves as any user": () =>
    Container.use(hardened("--user=12345:12345"), async (container) => {
      await assertDigits(await container.url());
      return undefined;
    }),

  "a wrong ONNXRUNTIME_NODE_INSTALL fails the build": async () => {
    const { code, stdout, stderr } = await build("gpu", GPU_IMAGE, ["ONNXRUNTIME_NODE_INSTALL=cuda13"]);
    assert.notEqual(code, 0, "the build passed");
    assert.match(stdout + stderr, /ONNXRUNTIME_NODE_INSTALL must be cuda12 or skip, not 'cuda13'/);
    return undefined;
  },
};
