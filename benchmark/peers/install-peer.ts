import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PEERS, type Peer, type PeerName } from "./peers.ts";
import { installRequirements } from "./python-environment.ts";

/** A peer whose packages are there. */
export interface InstalledPeer {
  readonly name: PeerName;
  /** Holds its program. */
  readonly folder: string;
  /** Holds python and what came with the packages. */
  readonly programs: string;
  /** The packages that its requirements name. */
  readonly versions: string;
}

/**
 * Installs a peer, unless it is.
 *
 * @throws {Error} with the reason when it can't be had here.
 */
export async function installPeer(name: PeerName, options: InstallPeerOptions): Promise<InstalledPeer> {
  const { environment, needs = [] }: Peer = PEERS[name];
  const [program, ...args] = needs;
  if (program !== undefined && spawnSync(program, args).status !== 0)
    throw new Error(`${needs.join(" ")} does not run here`);
  const folder = fileURLToPath(new URL(name, import.meta.url));
  const requirements = join(folder, "requirements.txt");
  const programs = await installRequirements({ environment, requirements, ...options });
  const versions = readFileSync(requirements, "utf8").trim().replaceAll("==", " ").replaceAll("\n", ", ");
  return { name, folder, programs, versions };
}

export interface InstallPeerOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (text: string) => void;
}
