import { excerpt, StartupError } from "../errors.ts";
import { variableName } from "./setting-table.ts";
import type { Settings } from "./settings.ts";

/** The paths that Vertex AI asks; absent: it asks none. */
export interface AipRoutes {
  readonly health: string | undefined;
  readonly predict: string | undefined;
}

/** What a path may hold unescaped, but for a query. @see RFC 3986 section 3.3 */
const PATH = /^\/(?:[\w.~!$&'()*+,;=:@/-]|%[0-9A-Fa-f]{2})*$/;

/**
 * Returns the paths of AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE.
 *
 * @throws {StartupError} when one of them is no path.
 */
export function aipRoutes(settings: Pick<Settings, "aipHealthRoute" | "aipPredictRoute">): AipRoutes {
  return { health: pathOf(settings, "aipHealthRoute"), predict: pathOf(settings, "aipPredictRoute") };
}

function pathOf<Name extends "aipHealthRoute" | "aipPredictRoute">(
  settings: Pick<Settings, Name>,
  name: Name,
): string | undefined {
  const path = settings[name];
  if (path === undefined || PATH.test(path)) return path;
  throw new StartupError(
    `${variableName(name)} must be a path such as /predict, without a query, got "${excerpt(path)}"`,
  );
}
