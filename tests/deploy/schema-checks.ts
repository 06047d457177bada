import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments, stringify } from "yaml";
import { checkCustomResources, isCustom, type Resource } from "./custom-resources.ts";
import type { DeployCheck } from "./deploy-check.ts";
import { requireFit } from "./fits-schema.ts";
import { readAlerts, readQueries } from "./queries.ts";
import { DEPLOY_DIR, readManifest, readText } from "./read-manifest.ts";
import { findTool, runTool } from "./tool.ts";

const PROMETHEUS_DIR = join(DEPLOY_DIR, "monitoring/prometheus");
const OVERLAYS = ["cpu", "gpu"] as const;
/** The oldest release that has all that the manifests use. */
const KUBERNETES_VERSION = "1.31";

const COMPOSE_FILES = ["compose.yaml", "compose.gpu.yaml"] as const;
const NO_SCHEMAS = "no --schemas <folder>";

const needs = (...tools: readonly string[]) => {
  const reason = `no ${tools.join(" or ")} on the PATH`;
  return () => (findTool(...tools) === undefined ? reason : undefined);
};

/** What other projects' tools say of the manifests. */
export const SCHEMA_CHECKS: readonly DeployCheck[] = [
  {
    name: "promtool takes the configuration and the alerts",
    missing: needs("promtool"),
    run: async () => {
      await runTool("promtool", ["check", "config", "prometheus.yml"], PROMETHEUS_DIR);
      return `${readAlerts().length} alerts`;
    },
  },
  {
    name: "promtool: each alert fires when it should, and only then",
    missing: needs("promtool"),
    run: async () => {
      await runTool("promtool", ["test", "rules", "alerts.test.yml"], PROMETHEUS_DIR);
      const { tests } = readManifest("monitoring/prometheus/alerts.test.yml") as { tests: unknown[] };
      return `${tests.length} cases`;
    },
  },
  {
    name: "promtool parses the expressions of the dashboard and of KEDA",
    missing: needs("promtool"),
    run: async ({ folder }) => {
      const queries = readQueries();
      const rules = queries.map(({ expression }, i) => ({ record: `query_${i}`, expr: expression }));
      const file = join(folder, "queries.yml");
      writeFileSync(file, stringify({ groups: [{ name: "queries", rules }] }));
      await runTool("promtool", ["check", "rules", "--lint=none", file]);
      return `${queries.length} expressions`;
    },
  },
  ...OVERLAYS.map(
    (overlay): DeployCheck => ({
      name: `kubernetes/${overlay} is what Kubernetes ${KUBERNETES_VERSION} takes`,
      missing: () => needs("kubectl")() ?? needs("kubernetes-validate")(),
      run: async ({ folder }) => {
        const resources = (await build(overlay)).filter((one) => !isCustom(one));
        const file = join(folder, `${overlay}.yaml`);
        writeFileSync(file, resources.map((one) => stringify(one)).join("---\n"));
        await runTool("kubernetes-validate", ["--strict", "--kubernetes-version", KUBERNETES_VERSION, file]);
        return resources.map(({ kind }) => kind).join(", ");
      },
    }),
  ),
  {
    name: "resources of KEDA, KServe and the Prometheus operator are what their definitions take",
    missing: ({ schemas }) => (schemas === undefined ? NO_SCHEMAS : needs("kubectl")()),
    run: async ({ schemas = "" }) => {
      const built = (await Promise.all(OVERLAYS.map(build))).flat();
      const kserve = ["kserve/serving-runtime.yaml", "kserve/inference-service.yaml"].map(readManifest);
      return checkCustomResources([...built.filter(isCustom), ...(kserve as Resource[])], schemas);
    },
  },
  {
    name: "the Compose files are what the Compose specification takes",
    missing: ({ schemas }) => (schemas === undefined ? NO_SCHEMAS : undefined),
    run: async ({ schemas = "" }) => {
      const text = readFileSync(join(schemas, "compose-spec.json"), "utf8");
      // It names draft 7 by an address that ajv doesn't know.
      const { $schema: _, ...schema } = JSON.parse(text) as { $schema?: string };
      for (const file of COMPOSE_FILES) requireFit(file, readManifest(`compose/${file}`), schema);
      return COMPOSE_FILES.join(", ");
    },
  },
  {
    name: "docker compose takes the Compose files",
    missing: async () => {
      const isThere = await runTool("docker", ["compose", "version"]).then(
        () => true,
        () => false,
      );
      return isThere ? undefined : "no docker compose";
    },
    run: async () => {
      for (const files of [COMPOSE_FILES.slice(0, 1), COMPOSE_FILES]) {
        const flags = files.flatMap((file) => ["-f", file]);
        await runTool("docker", ["compose", ...flags, "config", "--quiet"], join(DEPLOY_DIR, "compose"));
      }
      return COMPOSE_FILES.join(", ");
    },
  },
  {
    name: "cfn-lint takes the CloudFormation templates",
    missing: needs("cfn-lint"),
    run: async () => {
      const templates = ["ecs/service.yaml", "sagemaker/endpoint.yaml"];
      await runTool("cfn-lint", templates, DEPLOY_DIR);
      return templates.join(", ");
    },
  },
  {
    name: "shellcheck takes the script",
    missing: needs("shellcheck"),
    run: async () => {
      await runTool("shellcheck", ["vertex-ai/deploy.sh"], DEPLOY_DIR);
      return "vertex-ai/deploy.sh";
    },
  },
  {
    name: "gcloud has the flags of vertex-ai/deploy.sh",
    missing: needs("gcloud"),
    run: checkGcloudFlags,
  },
];

/** Returns what `kubectl apply -k` would send. */
async function build(overlay: string): Promise<Resource[]> {
  const text = await runTool("kubectl", ["kustomize", join(DEPLOY_DIR, "kubernetes", overlay)]);
  return parseAllDocuments(text).map((document) => document.toJS() as Resource);
}

async function checkGcloudFlags(): Promise<string> {
  const script = readText("vertex-ai/deploy.sh").replaceAll("\\\n", " ");
  const commands = [...script.matchAll(/\bgcloud ((?:[a-z-]+ )+)(.*)/g)];
  for (const [, words = "", rest = ""] of commands) {
    const help = await runTool("gcloud", [...words.trim().split(" "), "--help"]);
    const flags = rest.match(/(?<=--)[a-z-]+(?==)/g) ?? [];
    const unknown = flags.filter((flag) => !new RegExp(`--${flag}\\b`).test(help));
    if (unknown.length > 0) throw new Error(`gcloud ${words}has no --${unknown.join(", --")}`);
  }
  return `${commands.length} commands`;
}
