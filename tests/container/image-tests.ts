import assert from "node:assert/strict";
import type { ContainerTests } from "./container-test.ts";
import { docker, imageBytes, runOnce } from "./docker.ts";
import { CPU_IMAGE, NODE_BASE, REGISTRY } from "./images.ts";

/** What the CPU image may add to its base. */
const MAX_ADDED_BYTES = 120e6;

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;

const setuidFiles = (image: string) => runOnce(image, "find / -xdev -type f -perm /6000 | sort");

/** What can be said of the CPU image without running its server. */
export const IMAGE_TESTS: ContainerTests = {
  [`the image is at most ${megabytes(MAX_ADDED_BYTES)} above its base`]: async () => {
    const [bytes, base] = await Promise.all([imageBytes(CPU_IMAGE), imageBytes(NODE_BASE)]);
    const figure = `${megabytes(bytes)}, of which ${megabytes(bytes - base)} above the base`;
    assert.ok(bytes - base <= MAX_ADDED_BYTES, figure);
    return figure;
  },

  "what it adds is there once, not once more in another layer": async () => {
    const [bytes, base] = await Promise.all([imageBytes(CPU_IMAGE), imageBytes(NODE_BASE)]);
    // Only the bytes of files: layers don't count what folders take.
    const inside = await runOnce(CPU_IMAGE, "find /app /models -type f -printf '%s\\n'");
    const sum = inside.split("\n").reduce((total, size) => total + Number(size), 0);
    assert.ok(
      Math.abs(bytes - base - sum) < 100_000,
      `layers of ${megabytes(bytes - base)}, files of ${megabytes(sum)}`,
    );
    return undefined;
  },

  "it holds ONNX Runtime for this platform alone": async () => {
    const found = await runOnce(
      CPU_IMAGE,
      "cd /app/node_modules/onnxruntime-node/bin/*/ && find . -name '*.node'",
    );
    assert.match(found, /^\.\/linux\/(x64|arm64)\/onnxruntime_binding\.node$/);
    return undefined;
  },

  "it adds no setuid or setgid file": async () => {
    assert.equal(await setuidFiles(CPU_IMAGE), await setuidFiles(NODE_BASE));
    return undefined;
  },

  "every user can read every file it adds, and none can write one": async () => {
    const odd =
      "find /app /models ( ! -perm -o=r -o -perm /o=w -o -type d ! -perm -o=x -o ! -user 0 ) ! -type l";
    assert.equal(await runOnce(CPU_IMAGE, odd.replace(/[()]/g, "\\$&")), "");
    return undefined;
  },

  "it names no registry and keeps no npm settings": async () => {
    const host = new URL(REGISTRY).host;
    const history = await docker("history", "--no-trunc", "--format={{.CreatedBy}}", CPU_IMAGE);
    const settings = await docker("image", "inspect", CPU_IMAGE);
    assert.ok(!`${history}${settings}`.includes(host), "the registry stands in the image's history");
    const lock = await runOnce(
      CPU_IMAGE,
      "cat /app/node_modules/.package-lock.json; ls -d /app/.npmrc 2>&1 || true",
    );
    assert.ok(!lock.includes(`"resolved"`), "node_modules/.package-lock.json names the registry");
    assert.match(lock, /No such file/);
    return undefined;
  },

  "it adds no key, no history and no settings of a checkout": async () => {
    const names = [
      ".env*",
      ".git",
      ".npmrc",
      ".netrc",
      ".ssh",
      "*.key",
      "*.p12",
      "*.pem",
      "id_rsa*",
      "id_ed25519*",
    ];
    const search = names.map((name) => `-name '${name}'`).join(" -o ");
    assert.equal(await runOnce(CPU_IMAGE, `find /app /models ${search}`), "");
    return undefined;
  },

  "its settings hold no value that the Dockerfile does not give": async () => {
    const settings = await docker("image", "inspect", "--format={{json .Config.Env}}", CPU_IMAGE);
    const base = await docker("image", "inspect", "--format={{json .Config.Env}}", NODE_BASE);
    const own = (JSON.parse(settings) as string[]).filter(
      (one) => !(JSON.parse(base) as string[]).includes(one),
    );
    // Where the base has no PATH, Docker writes its own.
    const names = own.map((one) => one.slice(0, one.indexOf("="))).filter((name) => name !== "PATH");
    assert.deepEqual(names.sort(), ["DEVICE", "MALLOC_ARENA_MAX", "NODE_ENV", "UTILS_DIR"]);
    return undefined;
  },

  "it says what it is": async () => {
    const labels = JSON.parse(
      await docker("image", "inspect", "--format={{json .Config.Labels}}", CPU_IMAGE),
    ) as Record<string, string>;
    const names = ["title", "description", "licenses", "version", "revision", "created"];
    for (const name of names) assert.ok(labels[`org.opencontainers.image.${name}`], `label ${name}`);
    return undefined;
  },
};
