import {
  at,
  namedValues,
  readManifest,
  readTemplate,
  readText,
  readVariables,
  toVariables,
} from "./read-manifest.ts";

/** What a manifest of `deploy/` says of the server that it starts. */
export interface Deployment {
  readonly name: string;
  readonly environment: Readonly<Record<string, string>>;
  /** @default none */
  readonly flags?: readonly string[];
  /** Ports at which something asks the server, or that it is said to listen on. */
  readonly ports: readonly number[];
  /** What somebody asks: `GET /readyz`. */
  readonly asked: readonly string[];
  /** From SIGTERM to SIGKILL. */
  readonly graceMs?: number;
  /** How long a balancer in front keeps an idle connection. */
  readonly idleMs?: number;
  /** How long the platform waits for an answer. */
  readonly answerMs?: number;
}

/** Returns every way of starting the server that `deploy/` describes. */
export function readDeployments(): readonly Deployment[] {
  return [
    compose("compose", ["compose/compose.yaml"]),
    compose("compose with GPUs", ["compose/compose.yaml", "compose/compose.gpu.yaml"]),
    chipNScale(),
    kubernetes("kubernetes/cpu", {}),
    kubernetes("kubernetes/gpu", gpuSettings()),
    kserve(),
    ecs("ecs", []),
    ecs("ecs with GPUs", ["HasGpu"]),
    sagemaker(),
    vertexAi(),
  ];
}

function compose(name: string, files: readonly string[]): Deployment {
  const [base, ...overrides] = files.map(readManifest);
  const environments = [base, ...overrides].map((file) => at(file, "services", "server", "environment"));
  const targets = at(readManifest("monitoring/prometheus/prometheus.yml"), "scrape_configs", 0);
  const [target = ""] = at(targets, "static_configs", 0, "targets") as string[];
  const published = at(base, "services", "server", "ports") as string[];
  return {
    name,
    environment: Object.assign({}, ...environments),
    ports: [...published, target].map((text) => Number(text.split(":").at(-1))),
    asked: [`GET ${at(targets, "metrics_path")}`],
    graceMs: seconds(at(base, "services", "server", "stop_grace_period")),
  };
}

/** Its template hands over no environment: the image's own holds. */
function chipNScale(): Deployment {
  const config = at(readManifest("chip-n-scale/config.yml"), "default");
  const variables = readText("chip-n-scale/Dockerfile").match(/(?<=^ENV )\S+=\S+$/gm) ?? [];
  const path = String(at(config, "predictionPath"));
  return {
    name: "chip-n-scale",
    environment: toVariables(variables),
    // As its template has it, which also leaves the balancer's idle time at its default.
    ports: [8501],
    idleMs: 60_000,
    asked: [`GET ${path}`, `POST ${path}:predict`],
    answerMs: 1000 * Number(at(config, "lambdas", "DownloadAndPredict", "timeout")),
  };
}

function kubernetes(name: string, settings: Readonly<Record<string, string>>): Deployment {
  const template = at(readManifest("kubernetes/base/deployment.yaml"), "spec", "template");
  const container = at(template, "spec", "containers", 0);
  const annotations = at(template, "metadata", "annotations");
  const monitor = readManifest("kubernetes/components/pod-monitor/pod-monitor.yaml");
  return {
    name,
    environment: { ...readVariables("kubernetes/base/settings.env"), ...settings },
    ports: [
      at(container, "ports", 0, "containerPort"),
      at(annotations, "prometheus.io/port"),
      at(readManifest("kubernetes/base/service.yaml"), "spec", "ports", 0, "port"),
    ].map(Number),
    asked: [
      ...probes(container, ["startupProbe", "readinessProbe", "livenessProbe"]),
      `GET ${at(annotations, "prometheus.io/path")}`,
      `GET ${at(monitor, "spec", "podMetricsEndpoints", 0, "path")}`,
    ],
    graceMs: 1000 * Number(at(template, "spec", "terminationGracePeriodSeconds")),
  };
}

function gpuSettings(): Record<string, string> {
  const component = readManifest("kubernetes/components/gpu/kustomization.yaml");
  return toVariables(at(component, "configMapGenerator", 0, "literals") as string[]);
}

function kserve(): Deployment {
  const { spec } = readManifest("kserve/serving-runtime.yaml") as { spec: unknown };
  const container = at(spec, "containers", 0);
  const predictor = at(readManifest("kserve/inference-service.yaml"), "spec", "predictor");
  const name = String(at(readManifest("kserve/inference-service.yaml"), "metadata", "name"));
  return {
    name: "kserve",
    environment: namedValues(at(container, "env")),
    flags: (at(container, "args") as string[]).map((flag) => flag.replace("{{.Name}}", name)),
    ports: [
      at(container, "ports", 0, "containerPort"),
      at(container, "readinessProbe", "httpGet", "port"),
      at(container, "livenessProbe", "httpGet", "port"),
      at(spec, "annotations", "prometheus.kserve.io/port"),
    ].map(Number),
    asked: [
      ...probes(container, ["readinessProbe", "livenessProbe"]),
      `GET ${at(spec, "annotations", "prometheus.kserve.io/path")}`,
    ],
    graceMs: 1000 * Number(at(predictor, "terminationGracePeriodSeconds")),
    answerMs: 1000 * Number(at(predictor, "timeout")),
  };
}

function ecs(name: string, conditions: readonly string[]): Deployment {
  const resources = at(readTemplate("ecs/service.yaml", conditions), "Resources");
  const container = at(resources, "Task", "Properties", "ContainerDefinitions", 0);
  const targets = at(resources, "Targets", "Properties");
  const ingress = at(resources, "TaskSecurityGroup", "Properties", "SecurityGroupIngress", 0);
  const idle = attribute(at(resources, "Balancer", "Properties", "LoadBalancerAttributes"), "idle_timeout");
  const endpoint = String(at(readTemplate("ecs/service.yaml"), "Outputs", "Endpoint", "Value"));
  return {
    name,
    environment: namedValues(at(container, "Environment")),
    ports: [
      at(container, "PortMappings", 0, "ContainerPort"),
      at(resources, "Service", "Properties", "LoadBalancers", 0, "ContainerPort"),
      at(targets, "Port"),
      at(ingress, "FromPort"),
      at(ingress, "ToPort"),
    ].map(Number),
    asked: [`GET ${at(targets, "HealthCheckPath")}`, `POST ${endpoint.slice(endpoint.indexOf("}") + 1)}`],
    graceMs: 1000 * Number(at(container, "StopTimeout")),
    idleMs: 1000 * idle,
    // A balancer gives up on a target that is silent for its idle time.
    answerMs: 1000 * idle,
  };
}

/** The word `serve` says the port and the folder; SageMaker's own limits are those of its developer guide. */
function sagemaker(): Deployment {
  const model = at(readTemplate("sagemaker/endpoint.yaml"), "Resources", "Model", "Properties");
  return {
    name: "sagemaker",
    environment: at(model, "PrimaryContainer", "Environment") as Record<string, string>,
    flags: ["--port=8080", "--model-dir=/opt/ml/model"],
    ports: [8080],
    asked: ["GET /ping", "POST /invocations"],
    graceMs: 30_000,
    answerMs: 60_000,
  };
}

function vertexAi(): Deployment {
  const script = readText("vertex-ai/deploy.sh");
  const flag = (name: string) => {
    const [, value] = new RegExp(`--container-${name}=("[^"]*"|\\S+)`).exec(script) ?? [];
    if (value === undefined) throw new Error(`the script has no --container-${name}`);
    return value.replaceAll('"', "");
  };
  const [, device = ""] = /^DEVICE=\$\{DEVICE:-(\w+)\}$/m.exec(script) ?? [];
  const routes = { AIP_HEALTH_ROUTE: flag("health-route"), AIP_PREDICT_ROUTE: flag("predict-route") };
  return {
    name: "vertex-ai",
    environment: {
      ...toVariables(flag("env-vars").replace("$DEVICE", device).split(",")),
      ...routes,
      AIP_HTTP_PORT: flag("ports"),
    },
    ports: [Number(flag("ports"))],
    asked: [`GET ${routes.AIP_HEALTH_ROUTE}`, `POST ${routes.AIP_PREDICT_ROUTE}`],
    answerMs: 60_000,
  };
}

function probes(container: unknown, names: readonly string[]): string[] {
  return names.map((name) => `GET ${at(container, name, "httpGet", "path")}`);
}

function attribute(list: unknown, key: string): number {
  const found = (list as { Key: string; Value: string }[]).find((one) => one.Key.startsWith(key));
  if (found === undefined) throw new Error(`the balancer says nothing of ${key}`);
  return Number(found.Value);
}

/** `35s` → 35000. */
function seconds(text: unknown): number {
  return 1000 * Number(/^(\d+)s$/.exec(String(text))?.[1]);
}
