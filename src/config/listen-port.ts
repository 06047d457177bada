import type { Settings } from "./settings.ts";

/** Returns the port to listen on: what a platform states wins over what the image states. */
export function listenPort({ aipHttpPort, port }: Pick<Settings, "aipHttpPort" | "port">): number {
  return aipHttpPort ?? port;
}
