import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * Returns the local ports that a process listens on, and those of sockets that it opened itself; connections that
 * came to its listener have the listener's port. Linux only.
 *
 * Order: ascending, each once.
 */
export function openPorts(pid: number): number[] {
  const sockets = new Set(readdirSync(`/proc/${pid}/fd`).flatMap((fd) => socketOf(`/proc/${pid}/fd/${fd}`)));
  const ports = ["tcp", "tcp6", "udp", "udp6"].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, "utf8")
      .split("\n")
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => sockets.has(fields[9] ?? ""))
      .map((fields) => Number.parseInt(fields[1]?.split(":")[1] ?? "", 16)),
  );
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** The socket's inode; a descriptor may be closed while they are listed. */
function socketOf(link: string): string[] {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.slice(1) ?? [];
  } catch {
    return [];
  }
}
