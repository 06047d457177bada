import { excerpt } from "../errors.ts";
import { SETTINGS } from "./setting-table.ts";
import type { Settings } from "./settings.ts";

/** Returns what a cloud's variables change in what was set, or ask for in vain; one sentence each. */
export function platformWarnings({
  aipHttpPort,
  aipStorageUri,
  port,
  modelDir,
}: Pick<Settings, "aipHttpPort" | "aipStorageUri" | "port" | "modelDir">): string[] {
  const isPortSet = String(port) !== SETTINGS.port.default;
  return [
    ...(aipHttpPort !== undefined && isPortSet && port !== aipHttpPort
      ? [`PORT is ${port} and AIP_HTTP_PORT ${aipHttpPort}: listening on AIP_HTTP_PORT`]
      : []),
    ...(aipStorageUri === undefined
      ? []
      : [`AIP_STORAGE_URI (${excerpt(aipStorageUri)}) is not fetched: serving the model of ${modelDir}`]),
  ];
}
