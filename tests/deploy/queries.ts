import { at, readManifest } from "./read-manifest.ts";

/** A PromQL expression of `deploy/`, and where it stands. */
export interface Query {
  readonly where: string;
  readonly expression: string;
}

export interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string; readonly datasource: { readonly uid: string } }[];
}

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Returns the panels of the dashboard, its rows among them. */
export function readPanels(): readonly Panel[] {
  return at(readManifest("monitoring/grafana/onnx-serving.json"), "panels") as Panel[];
}

/** Returns the dashboard's expressions, with the variables that Grafana puts in replaced by those of one job. */
export function dashboardQueries(rateInterval: string, job = "onnx-serving"): readonly Query[] {
  return readPanels().flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      where: `dashboard, "${title}"`,
      expression: expr
        .replaceAll("$__rate_interval", rateInterval)
        .replaceAll("$job", job)
        .replaceAll("$instance", ".*"),
    })),
  );
}

/** Returns the alerting rules. */
export function readAlerts(): readonly Alert[] {
  return at(readManifest("monitoring/prometheus/alerts.yml"), "groups", 0, "rules") as Alert[];
}

/** Returns every expression of `deploy/`: of the alerts, the dashboard and KEDA. */
export function readQueries(): readonly Query[] {
  const scaling = readManifest("kubernetes/components/keda/scaled-object.yaml");
  return [
    ...readAlerts().map(({ alert, expr }) => ({ where: `alert ${alert}`, expression: expr })),
    ...dashboardQueries("1m"),
    { where: "KEDA", expression: String(at(scaling, "spec", "triggers", 0, "metadata", "query")) },
  ];
}
