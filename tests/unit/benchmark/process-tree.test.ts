import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { processTree, treeCpuMs } from "../../../benchmark/peers/process-tree.ts";

const WAIT = "setInterval(() => {}, 1000)";
const BUSY_MS = 200;
const started: number[] = [];

afterEach(() => {
  for (const pid of started.splice(0)) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
  }
});

/** Starts a program of Node and returns it with the line that it writes first. */
async function start(program: string): Promise<{ child: ChildProcess; line: string }> {
  const child = spawn(process.execPath, ["-e", program], {
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child.pid as number);
  const [chunk] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return { child, line: chunk.toString().trim() };
}

describe.runIf(process.platform === "linux")("processTree", () => {
  test("returns the root and what descends from it in whatever session, and not its parent", async () => {
    const { child, line } = await start(
      `const { pid } = require("child_process").spawn(process.execPath, ["-e", "${WAIT}"], { detached: true });
       console.log(pid); ${WAIT}`,
    );
    started.push(Number(line));
    const tree = processTree(child.pid as number);
    expect(tree.sort()).toEqual([child.pid as number, Number(line)].sort());
  });

  test("finds a process whose parent, the root, has ended", async () => {
    const { child, line } = await start(
      `const orphan = require("child_process").spawn(process.execPath, ["-e", "${WAIT}"], { stdio: "ignore" });
       orphan.unref(); console.log(orphan.pid);`,
    );
    started.push(Number(line));
    if (child.exitCode === null) await once(child, "exit");
    expect(processTree(child.pid as number)).toEqual([Number(line)]);
  });
});

describe.runIf(process.platform === "linux")("treeCpuMs", () => {
  test("counts a child that has ended", async () => {
    const busy = `for (;;) {
      const { user, system } = process.cpuUsage();
      if (user + system > ${BUSY_MS * 1000}) break;
    }`;
    const { child, line } = await start(
      `require("child_process").spawnSync(process.execPath, ["-e", ${JSON.stringify(busy)}]);
       const { user, system } = process.cpuUsage(); console.log((user + system) / 1000); ${WAIT}`,
    );
    // Four numbers of /proc, each cut to 10 ms.
    expect(treeCpuMs(child.pid as number)).toBeGreaterThan(Number(line) + BUSY_MS - 40);
  });
});
