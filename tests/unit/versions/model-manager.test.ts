import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ServingError, StartupError } from "../../../src/errors.ts";
import { Lifecycle } from "../../../src/lifecycle.ts";
import type { ModelConfig, VersionPolicy } from "../../../src/model/model-config.ts";
import type { LoadedModel } from "../../../src/serving/model-directory.ts";
import { ModelManager } from "../../../src/versions/model-manager.ts";
import type { ModelConfigs } from "../../../src/versions/model-source.ts";
import type { LoadRequest, ServedVersion } from "../../../src/versions/served-version.ts";
import { temporaryModelFolder } from "../../support/model-folder.ts";

const ONE: VersionPolicy = { kind: "latest", count: 1 };

/** A version whose requests end when the test says so. */
interface PuppetVersion extends ServedVersion {
  isLive: boolean;
  isClosed: boolean;
  readonly name: string;
  drain(): void;
}

function puppetVersion({ config, version }: LoadRequest): PuppetVersion {
  let drain = () => {};
  const drained = new Promise<void>((resolve) => {
    drain = resolve;
  });
  const puppet: PuppetVersion = {
    name: `${config.name} ${version}`,
    model: { servable: { name: config.name, version } } as LoadedModel,
    lanes: 1,
    isLive: true,
    isClosed: false,
    drained: () => drained,
    close: async () => {
      puppet.isClosed = true;
    },
    drain,
  };
  return puppet;
}

/** Models in a folder of the test's own: `versions` names the version folders of each. */
function setUp(versions: Readonly<Record<string, readonly number[]>>) {
  const root = temporaryModelFolder({ "keep.txt": "" });
  const add = (model: string, version: number, text = "model") => {
    const folder = join(root, model, `${version}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "model.onnx"), text);
  };
  for (const [model, numbers] of Object.entries(versions)) for (const version of numbers) add(model, version);
  const config = (name: string, options: Partial<ModelConfig> = {}): ModelConfig => ({
    name,
    basePath: join(root, name),
    policy: ONE,
    labels: new Map(),
    ...options,
  });
  let configs = Object.keys(versions).map((name) => config(name)) as unknown as ModelConfigs;
  let broken: string | undefined;
  /** What a version's load comes to; where nothing is said it is served. */
  const faults = new Map<string, string>();
  const loaded: PuppetVersion[] = [];
  const loads: string[] = [];
  const held: (() => void)[] = [];
  let isHolding = false;
  const log: string[] = [];
  const write = (fields: object, message: string) => log.push(`${message}: ${JSON.stringify(fields)}`);
  const lifecycle = new Lifecycle();
  const open = () =>
    new ModelManager({
      readModels: () => {
        if (broken !== undefined) throw new StartupError(broken);
        return configs;
      },
      load: async (request) => {
        const name = `${request.config.name} ${request.version}`;
        loads.push(name);
        if (isHolding) await new Promise<void>((resolve) => held.push(resolve));
        const fault = faults.get(name);
        if (fault !== undefined) throw new StartupError(fault);
        const version = puppetVersion(request);
        loaded.push(version);
        return version;
      },
      lifecycle,
      choice: {},
      pollWaitSeconds: 0,
      log: { info: write, warn: write, error: write },
    });
  const manager = open();
  const ask = (name: string, asked: { version?: bigint; label?: string } = {}) => {
    try {
      const { servable } = manager.find({ name, ...asked });
      return `${servable.name} ${servable.version}`;
    } catch (error) {
      return error instanceof ServingError ? error.code : String(error);
    }
  };
  return {
    root,
    manager,
    open,
    lifecycle,
    add,
    remove: (model: string, version: number) => rmSync(join(root, model, `${version}`), { recursive: true }),
    config,
    configure: (...next: ModelConfig[]) => {
      configs = next as unknown as ModelConfigs;
    },
    break: (reason: string | undefined) => {
      broken = reason;
    },
    faults,
    loads,
    loaded,
    version: (name: string) => loaded.findLast((one) => one.name === name) as PuppetVersion,
    hold: () => {
      isHolding = true;
    },
    release: () => {
      isHolding = false;
      for (const resolve of held.splice(0)) resolve();
    },
    log,
    ask,
    states: (name: string) =>
      (manager.versions(name) ?? []).map(({ version, state, error, labels }) =>
        [version, state, error?.message, ...(labels ?? [])].filter((one) => one !== undefined).join(" "),
      ),
    /** What is new is loaded by the second look. */
    look: async () => {
      await manager.poll();
      await manager.poll();
    },
  };
}

const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("ModelManager", () => {
  test("serves the highest version of each model, and is ready when all answer", async () => {
    const { manager, lifecycle, ask, states, loads } = setUp({ b: [1, 10, 9], a: [3] });
    expect([lifecycle.state, states("b"), ask("b")]).toEqual(["LOADING", ["1 LOADING"], "NOT_READY"]);
    await manager.start();
    expect(lifecycle.state).toBe("READY");
    expect(loads).toEqual(["b 10", "a 3"]);
    expect(manager.names).toEqual(["b", "a"]);
    expect([manager.find().servable.name, ask("a"), ask("b", { version: 10n })]).toEqual([
      "b",
      "a 3",
      "b 10",
    ]);
    expect([ask("b", { version: 9n }), ask("b", { version: 2n ** 63n - 1n }), ask("c")]).toEqual(
      Array.from({ length: 3 }, () => "NOT_FOUND"),
    );
    expect([states("a"), manager.versions("c")]).toEqual([["3 AVAILABLE"], undefined]);
  });

  test("is not ready before the last of its models answers, and tells how far each is", async () => {
    const { manager, lifecycle, states, hold, release } = setUp({ a: [1], b: [1] });
    hold();
    const started = manager.start();
    while (states("a")[0] === "1 LOADING" && states("b")[0] === "1 LOADING") {
      await settled();
      if (states("a")[0] === "1 LOADING") release();
      hold();
    }
    expect([lifecycle.state, states("a")]).toEqual(["LOADING", ["1 AVAILABLE"]]);
    release();
    await started;
    expect(lifecycle.state).toBe("READY");
  });

  test("serves what the policy says", async () => {
    const { open, config, configure, loads } = setUp({ a: [1, 2, 3, 4] });
    configure(
      config("a", { policy: { kind: "latest", count: 2 } }),
      { ...config("a", { policy: { kind: "specific", versions: [1, 3, 9] } }), name: "b" },
      { ...config("a", { policy: { kind: "all" } }), name: "c" },
    );
    await open().start();
    expect(loads).toEqual(["a 4", "a 3", "b 3", "b 1", "c 4", "c 3", "c 2", "c 1"]);
  });

  test.each<[string, Readonly<Record<string, readonly number[]>>, RegExp]>([
    ["fails to load", { a: [1], bad: [2] }, /^out of memory$/],
    ["has no version", { a: [1], none: [] }, /none does not exist/],
  ])("does not start with a model that %s", async (_, versions, message) => {
    const { manager, faults, lifecycle } = setUp(versions);
    faults.set("bad 2", "out of memory");
    await expect(manager.start()).rejects.toThrow(message);
    expect(lifecycle.state).toBe("LOADING");
  });

  test("does not start with a policy of versions that are not there, or a label of one", async () => {
    const { open, config, configure } = setUp({ a: [1] });
    configure(config("a", { policy: { kind: "specific", versions: [7] } }));
    await expect(open().start()).rejects.toThrow(/holds none of the versions of model a/);
    configure(config("a", { labels: new Map([["stable", 7]]) }));
    await expect(open().start()).rejects.toThrow(/the label stable of model a stands for version 7/);
  });

  test("starts where one of a model's versions answers and another does not", async () => {
    const { open, config, configure, faults, lifecycle } = setUp({ a: [1, 2] });
    configure(config("a", { policy: { kind: "all" } }));
    faults.set("a 2", "broken");
    const manager = open();
    await manager.start();
    expect(lifecycle.state).toBe("READY");
    expect(manager.versions("a")?.map(({ state, error }) => [state, error?.message])).toEqual([
      ["END", "broken"],
      ["AVAILABLE", undefined],
    ]);
  });
});

describe("ModelManager, when versions come and go,", () => {
  test("serves the old version until the new one answers, and then until its requests are answered", async () => {
    const { manager, add, ask, states, hold, release, version } = setUp({ a: [1] });
    await manager.start();
    add("a", 2);
    await manager.poll();
    expect(states("a")).toEqual(["2 START", "1 AVAILABLE"]);
    hold();
    const polled = manager.poll();
    while (states("a")[0] !== "2 LOADING") await settled();
    expect([ask("a"), ask("a", { version: 2n })]).toEqual(["a 1", "NOT_READY"]);
    release();
    await polled;
    expect([ask("a"), states("a")]).toEqual(["a 2", ["2 AVAILABLE", "1 UNLOADING"]]);
    expect([ask("a", { version: 1n }), version("a 1").isClosed]).toEqual(["NOT_FOUND", false]);
    version("a 1").drain();
    await settled();
    expect([version("a 1").isClosed, states("a")]).toEqual([true, ["2 AVAILABLE", "1 END"]]);
  });

  test("leaves a folder alone while its files change", async () => {
    const { manager, add, loads } = setUp({ a: [1] });
    await manager.start();
    for (const text of ["m", "mo", "mod"]) {
      add("a", 2, text);
      await manager.poll();
    }
    expect(loads).toEqual(["a 1"]);
    await manager.poll();
    expect(loads).toEqual(["a 1", "a 2"]);
  });

  test("does not take a folder without a model for a version", async () => {
    const { manager, root, look, states } = setUp({ a: [1] });
    await manager.start();
    mkdirSync(join(root, "a", "2"));
    writeFileSync(join(root, "a", "2", "labels.txt"), "x");
    mkdirSync(join(root, "a", "other"));
    await look();
    expect(states("a")).toEqual(["1 AVAILABLE"]);
  });

  test("serves on when a new version fails, says why, and tries it again: three times, and when its files change", async () => {
    const { manager, add, ask, states, look, faults, loads, log } = setUp({ a: [1] });
    await manager.start();
    add("a", 2, "half");
    faults.set("a 2", "model.onnx is truncated");
    for (let i = 0; i < 4; i++) await look();
    expect([ask("a"), states("a")]).toEqual(["a 1", ["2 END model.onnx is truncated", "1 AVAILABLE"]]);
    expect(loads).toEqual(["a 1", "a 2", "a 2", "a 2"]);
    expect(log.filter((line) => line.includes("truncated"))).toHaveLength(3);
    faults.clear();
    add("a", 2, "the whole");
    await look();
    expect([ask("a"), states("a")]).toEqual(["a 2", ["2 AVAILABLE", "1 UNLOADING"]]);
  });

  test("goes back to the version before when the newest is removed, and then lets that go", async () => {
    const { manager, remove, ask, look, version, loads } = setUp({ a: [1, 2] });
    await manager.start();
    remove("a", 2);
    await look();
    expect([ask("a"), loads]).toEqual(["a 1", ["a 2", "a 1"]]);
    version("a 2").drain();
    await settled();
    expect(version("a 2").isClosed).toBe(true);
  });

  test("lets the last version go when it is removed: the server of that one model is not ready then", async () => {
    const { manager, remove, add, ask, states, look, version, lifecycle } = setUp({ a: [1] });
    await manager.start();
    remove("a", 1);
    await manager.poll();
    expect([ask("a"), states("a"), lifecycle.state]).toEqual(["NOT_FOUND", ["1 UNLOADING"], "LOADING"]);
    version("a 1").drain();
    await settled();
    add("a", 1);
    await look();
    expect([ask("a"), states("a"), lifecycle.state]).toEqual(["a 1", ["1 AVAILABLE"], "READY"]);
  });

  test("keeps what it serves where the folder can't be read", async () => {
    const { manager, root, ask, look, log } = setUp({ a: [1], b: [1] });
    await manager.start();
    rmSync(join(root, "a"), { recursive: true });
    await look();
    expect([ask("a"), ask("b")]).toEqual(["a 1", "b 1"]);
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/^what is served stays as it is: .*ENOENT/);
  });

  test("remembers the last 16 versions that are over", async () => {
    const { manager, add, look, loaded, states } = setUp({ a: [1] });
    await manager.start();
    for (let version = 2; version <= 30; version++) {
      add("a", version);
      await look();
      for (const one of loaded) one.drain();
      await settled();
    }
    await look();
    expect(states("a")[0]).toBe("30 AVAILABLE");
    expect(states("a").slice(1)).toEqual(Array.from({ length: 16 }, (_, i) => `${29 - i} END`));
  });
});

describe("ModelManager, by label,", () => {
  test("moves a label when its version answers, and not before", async () => {
    const { manager, config, configure, add, ask, states, look, faults, log } = setUp({ a: [1] });
    const labels = (version: number) => new Map([["stable", version]]);
    const policy: VersionPolicy = { kind: "all" };
    configure(config("a", { policy, labels: labels(1) }));
    await manager.poll();
    await manager.start();
    expect([ask("a", { label: "stable" }), ask("a", { label: "none" })]).toEqual(["a 1", "INVALID_ARGUMENT"]);
    add("a", 2);
    faults.set("a 2", "broken");
    configure(config("a", { policy, labels: labels(2) }));
    await look();
    expect([ask("a", { label: "stable" }), states("a")]).toEqual([
      "a 1",
      ["2 END broken", "1 AVAILABLE stable"],
    ]);
    expect(log.some((line) => line.includes("label stable of a"))).toBe(true);
    faults.clear();
    await look();
    expect([ask("a", { label: "stable" }), states("a")]).toEqual([
      "a 2",
      ["2 AVAILABLE stable", "1 AVAILABLE"],
    ]);
  });

  test("knows a label no more when its version is let go", async () => {
    const { open, config, configure, remove, loaded } = setUp({ a: [1, 2] });
    configure(config("a", { policy: { kind: "all" }, labels: new Map([["old", 1]]) }));
    const manager = open();
    await manager.start();
    remove("a", 1);
    await manager.poll();
    expect(() => manager.find({ name: "a", label: "old" })).toThrow(
      /Unrecognized servable version label: old/,
    );
    expect(loaded.map(({ isClosed }) => isClosed)).toEqual([false, false]);
  });
});

describe("ModelManager, when the models change,", () => {
  test("loads new models and lets go those that are left out; the first stays the first", async () => {
    const { manager, config, configure, add, ask, look, version, lifecycle } = setUp({ b: [1], c: [1] });
    await manager.start();
    add("a", 5);
    configure(config("a"), config("b"));
    await manager.poll();
    expect([ask("a"), ask("c"), lifecycle.state]).toEqual(["NOT_READY", "NOT_FOUND", "READY"]);
    await look();
    expect([ask("a"), manager.names, manager.find().servable.name]).toEqual(["a 5", ["b", "a"], "b"]);
    expect(version("c 1").isClosed).toBe(false);
    version("c 1").drain();
    await settled();
    expect(version("c 1").isClosed).toBe(true);
    configure(config("a"));
    await manager.poll();
    expect(manager.names).toEqual(["a"]);
  });

  test("stays ready when a new model fails, which is not ready itself", async () => {
    const { manager, config, configure, add, ask, states, look, faults, lifecycle } = setUp({ a: [1] });
    await manager.start();
    add("new", 1);
    faults.set("new 1", "broken");
    configure(config("a"), config("new"));
    await look();
    expect([lifecycle.state, ask("a"), ask("new"), states("new")]).toEqual([
      "READY",
      "a 1",
      "NOT_FOUND",
      ["1 END broken"],
    ]);
  });

  test("does not show a folder in which no model was ever found", async () => {
    const { manager, config, configure, root, look } = setUp({ a: [1] });
    await manager.start();
    mkdirSync(join(root, "lost+found"));
    configure(config("a"), config("lost+found"));
    await look();
    expect([manager.names, manager.versions("lost+found")]).toEqual([["a"], []]);
  });

  test("serves a model of another base path once that answers", async () => {
    const { manager, config, configure, add, ask, look, version, faults } = setUp({ a: [1] });
    await manager.start();
    add("elsewhere", 1);
    faults.set("a 1", "broken");
    const moved = { ...config("elsewhere"), name: "a" };
    configure(moved);
    await look();
    const before = version("a 1");
    expect([ask("a"), before.isClosed]).toEqual(["a 1", false]);
    faults.clear();
    await look();
    expect(version("a 1")).not.toBe(before);
    expect(manager.find({ name: "a" })).toBe(version("a 1").model);
    before.drain();
    await settled();
    expect([before.isClosed, version("a 1").isClosed]).toEqual([true, false]);
  });

  test("keeps what it serves where the file can't be read, and says so once", async () => {
    const fixture = setUp({ a: [1] });
    const { manager, ask, look, log } = fixture;
    await manager.start();
    fixture.break("models.config: line 3: expected a value");
    await look();
    expect(ask("a")).toBe("a 1");
    expect(log).toEqual([
      'what is served stays as it is: {"place":"models","reason":"models.config: line 3: expected a value"}',
    ]);
  });
});

describe("ModelManager, of whose models one lost its workers,", () => {
  test("has that model LOADING, and stays ready", async () => {
    const { manager, ask, states, version, lifecycle } = setUp({ a: [1], b: [1] });
    await manager.start();
    version("a 1").isLive = false;
    manager.changed();
    expect([ask("a"), states("a"), ask("b"), lifecycle.state]).toEqual([
      "NOT_READY",
      ["1 LOADING"],
      "b 1",
      "READY",
    ]);
    version("b 1").isLive = false;
    manager.changed();
    expect(lifecycle.state).toBe("LOADING");
    version("a 1").isLive = true;
    manager.changed();
    expect([lifecycle.state, ask("a")]).toEqual(["READY", "a 1"]);
  });

  test("answers with a lower version that has workers", async () => {
    const { open, config, configure, version } = setUp({ a: [1, 2] });
    configure(config("a", { policy: { kind: "all" } }));
    const manager = open();
    await manager.start();
    version("a 2").isLive = false;
    expect(manager.find().servable.version).toBe(1);
  });
});

describe("ModelManager of a server that", () => {
  test("drains answers, as UNLOADING, and loads nothing new", async () => {
    const { manager, add, ask, states, look, loads, lifecycle } = setUp({ a: [1] });
    await manager.start();
    lifecycle.moveTo("DRAINING");
    manager.stop();
    add("a", 2);
    await look();
    expect([ask("a"), states("a"), loads]).toEqual(["a 1", ["1 UNLOADING"], ["a 1"]]);
  });

  test("failed has ended, with the reason", async () => {
    const { manager, states, lifecycle } = setUp({ a: [1] });
    await manager.start();
    lifecycle.moveTo("FAILED", "lost 3 times");
    expect(states("a")).toEqual(["1 END lost 3 times"]);
  });
});
