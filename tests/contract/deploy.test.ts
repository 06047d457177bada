import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { listenPort } from "../../src/config/listen-port.ts";
import { parseSettings } from "../../src/config/parse-settings.ts";
import { SETTINGS, variableName } from "../../src/config/setting-table.ts";
import { ERROR_CODES } from "../../src/errors.ts";
import { type Deployment, readDeployments } from "../deploy/deployments.ts";
import { KNOWN_VALUES, type KnownMetrics, knownMetrics } from "../deploy/known-metrics.ts";
import { promqlNames } from "../deploy/promql-names.ts";
import { readAlerts, readPanels, readQueries } from "../deploy/queries.ts";
import { at, DEPLOY_DIR, readManifest } from "../deploy/read-manifest.ts";
import { request } from "../support/http-client.ts";
import { type StartedServer, startServer } from "../support/start-server.ts";

const DEPLOYMENTS = readDeployments();
const FILES = readdirSync(DEPLOY_DIR, { recursive: true, encoding: "utf8" }).filter((file) =>
  /\.(ya?ml|json|env|sh|md)$|Dockerfile$/.test(file),
);
const METRICS = await knownMetrics();
/** A histogram is named by what it measures as well. */
const FAMILIES = new Set(
  [...METRICS.keys()].flatMap((name) => [name, name.replace(/_(bucket|sum|count)$/, "")]),
);
const SETTING_NAMES = new Set(Object.keys(SETTINGS).map(variableName));

/** Words in capitals that are no settings: those of the platforms and of the scripts' own variables. */
const OTHER_WORDS = new Set<string>([
  ...ERROR_CODES,
  ...["CAPABILITY_NAMED_IAM", "CAPABILITY_IAM", "FARGATE_SPOT"],
  ...["TILE_ACCESS_TOKEN", "TILE_ENDPOINT", "RDS_USERNAME", "RDS_PASSWORD"],
  ...["GF_AUTH_ANONYMOUS_ENABLED", "GF_ANALYTICS_REPORTING_ENABLED"],
  ...["MACHINE_TYPE", "MIN_REPLICAS", "MAX_REPLICAS"],
]);

describe("each file of deploy/", () => {
  const read = (file: string) => readFileSync(join(DEPLOY_DIR, file), "utf8");

  test.each(FILES.filter((file) => /\.(ya?ml|json)$/.test(file)))("%s can be read", (file) => {
    const text = read(file);
    if (file.endsWith(".json")) expect(() => JSON.parse(text)).not.toThrow();
    for (const document of parseAllDocuments(text)) {
      expect(document.errors).toEqual([]);
    }
  });

  test.each(FILES)("%s names settings and error codes that are there", (file) => {
    const words = read(file).match(/\b[A-Z]+(?:_[A-Z]+)+\b/g) ?? [];
    expect(words.filter((word) => !SETTING_NAMES.has(word) && !OTHER_WORDS.has(word))).toEqual([]);
  });

  test.each(FILES)("%s names metrics that are there", (file) => {
    const words = read(file).match(/\b(?:onnx_serving|http_server|rpc_server|nodejs|process)_\w+/g) ?? [];
    expect(words.filter((word) => !FAMILIES.has(word))).toEqual([]);
  });
});

describe("the settings of deployments", () => {
  const settingsOf = ({ flags = [], environment }: Deployment) => parseSettings(flags, environment);
  /** Those that say something of the kind. */
  const saying = (key: "graceMs" | "idleMs" | "answerMs") =>
    DEPLOYMENTS.flatMap((deployment) => {
      const { name, [key]: ms } = deployment;
      return ms === undefined ? [] : [{ name, ms, deployment }];
    });

  test.each(DEPLOYMENTS)("$name states settings that there are", (deployment) => {
    expect(Object.keys(deployment.environment).filter((name) => !SETTING_NAMES.has(name))).toEqual([]);
    expect(() => settingsOf(deployment)).not.toThrow();
  });

  test.each(DEPLOYMENTS)("$name asks the server where it listens", (deployment) => {
    expect(new Set(deployment.ports)).toEqual(new Set([listenPort(settingsOf(deployment))]));
  });

  test.each(saying("graceMs"))("$name leaves the server the time to drain", ({ ms, deployment }) => {
    expect(ms).toBeGreaterThan(settingsOf(deployment).shutdownTimeoutMs);
  });

  test.each(saying("idleMs"))(
    "$name has a balancer that drops idle connections first",
    ({ ms, deployment }) => {
      expect(ms).toBeLessThan(settingsOf(deployment).keepAliveMs);
    },
  );

  test.each(saying("answerMs"))("$name waits longer for an answer than the server", ({ ms, deployment }) => {
    expect(ms).toBeGreaterThan(settingsOf(deployment).requestTimeoutMs);
  });
});

describe("what deployments ask", () => {
  const aip = DEPLOYMENTS.find(({ name }) => name === "vertex-ai")?.environment ?? {};
  let started: StartedServer;
  beforeAll(async () => {
    const flags = [
      `--aip-health-route=${aip.AIP_HEALTH_ROUTE}`,
      `--aip-predict-route=${aip.AIP_PREDICT_ROUTE}`,
    ];
    // Not loaded: a route that is there answers that it is not ready.
    started = await startServer({ flags, load: false });
  });
  afterAll(() => started.close());

  const all = DEPLOYMENTS.flatMap(({ name, asked }) => asked.map((ask) => ({ name, ask })));
  test.each(all)("$name: $ask is a route", async ({ ask }) => {
    const [method = "", path] = ask.split(" ");
    const { status } = await request(started.url + path, { method });
    expect([200, 503]).toContain(status);
  });

  test("a server that loads passes its liveness probe, and is not ready", async () => {
    const container = (file: string, ...path: (string | number)[]) => at(readManifest(file), "spec", ...path);
    const containers = [
      container("kubernetes/base/deployment.yaml", "template", "spec", "containers", 0),
      container("kserve/serving-runtime.yaml", "containers", 0),
    ];
    for (const one of containers) {
      const answer = (probe: string) => request(started.url + at(one, probe, "httpGet", "path"));
      expect((await answer("livenessProbe")).status).toBe(200);
      expect((await answer("readinessProbe")).status).toBe(503);
    }
  });
});

describe("the queue of chip-n-scale", () => {
  test("sends a batch again only when its Lambda has certainly ended", () => {
    const config = at(readManifest("chip-n-scale/config.yml"), "default");
    const timeout = Number(at(config, "lambdas", "DownloadAndPredict", "timeout"));
    expect(at(config, "sqs", "visibilityTimeout")).toBeGreaterThanOrEqual(6 * timeout);
  });
});

describe("PromQL in deploy/", () => {
  /** What Prometheus and the discovery of its targets add. */
  const TARGET_LABELS = ["job", "instance", "namespace"];
  const known: KnownMetrics = new Map([...METRICS, ["up", new Set<string>()]]);

  test.each(readQueries())("$where selects metrics and labels that there are", ({ expression }) => {
    const { selectors, groupings } = promqlNames(expression);
    expect(selectors.length).toBeGreaterThan(0);
    const labels = new Set(TARGET_LABELS);
    for (const { metric, matchers } of selectors) {
      expect([...known.keys()]).toContain(metric);
      const own = known.get(metric) ?? new Set();
      for (const label of own) labels.add(label);
      for (const { label, values } of matchers) {
        expect([...own, ...TARGET_LABELS]).toContain(label);
        const possible = KNOWN_VALUES[label];
        if (possible !== undefined) expect(possible).toEqual(expect.arrayContaining([...values]));
      }
    }
    expect([...labels]).toEqual(expect.arrayContaining([...groupings]));
  });
});

describe("the alerts", () => {
  const alerts = readAlerts();
  const tests = readFileSync(join(DEPLOY_DIR, "monitoring/prometheus/alerts.test.yml"), "utf8");
  const { tests: cases } = parse(tests) as {
    tests: { alert_rule_test?: { alertname: string; exp_alerts: unknown[] }[] }[];
  };
  const fired = cases
    .flatMap((one) => one.alert_rule_test ?? [])
    .filter(({ exp_alerts }) => exp_alerts.length > 0)
    .map(({ alertname }) => alertname);

  test.each(alerts)("$alert says how bad it is and what to do, and has a case in which it fires", (alert) => {
    expect(["critical", "warning", "info"]).toContain(alert.labels.severity);
    expect(Object.keys(alert.annotations)).toEqual(["summary", "description"]);
    expect(fired).toContain(alert.alert);
  });

  test("have a name each", () => {
    expect(new Set(alerts.map(({ alert }) => alert)).size).toBe(alerts.length);
  });
});

describe("the dashboard", () => {
  const panels = readPanels();

  test("has panels with ids of their own that don't cover each other", () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, i) => `${x + (i % w)},${y + Math.floor(i / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
  });

  test("asks the data source that is chosen", () => {
    const sources = panels.flatMap(({ targets = [] }) => targets.map(({ datasource }) => datasource.uid));
    expect(new Set(sources)).toEqual(new Set([`\${datasource}`]));
  });
});
