import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

interface LockedPackage {
  readonly version: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const LOCK = join(import.meta.dirname, "../../package-lock.json");
const { packages } = JSON.parse(readFileSync(LOCK, "utf8")) as { packages: Record<string, LockedPackage> };

/** All packages but this one, by their place; the same name may be there in several versions. */
const LOCKED = Object.entries(packages).filter(([place]) => place !== "");

const nameOf = (place: string) => place.slice(place.lastIndexOf("node_modules/") + "node_modules/".length);

/** Tells whether a version is at least another; neither has a suffix. */
function isAtLeast(version: string, least: string): boolean {
  const [own, other] = [version.split(".").map(Number), least.split(".").map(Number)];
  const at = own.findIndex((part, i) => part !== other[i]);
  return at < 0 || (own[at] ?? Number.NaN) > (other[at] ?? 0);
}

describe("package-lock.json", () => {
  /** The first versions without faults that are known. */
  test.each([
    // GHSA-f88m-g3jw-g9cj: four faults of libvips.
    ["sharp", "0.35.0"],
    // CVE-2020-8175, CVE-2022-25851: unbounded memory, and an endless loop, for crafted JPEGs.
    ["jpeg-js", "0.4.4"],
    // CVE-2025-25200, CVE-2025-62595 and others: a slow expression for X-Forwarded-*, open redirects.
    ["koa", "3.1.0"],
    // CVE-2023-49803: by default any origin was given back as allowed.
    ["@koa/cors", "5.0.0"],
    // CVE-2022-24434: a crafted header of a part ended the process.
    ["busboy", "1.0.0"],
  ])("has %s in no version below %s", (name, least) => {
    const versions = LOCKED.filter(([place]) => nameOf(place) === name).map(([, { version }]) => version);
    expect(versions).not.toEqual([]);
    expect(versions.filter((version) => !isAtLeast(version, least))).toEqual([]);
  });

  test("has a strong hash for every package, and takes none from elsewhere than the registry", () => {
    const weak = LOCKED.filter(([, { integrity, resolved }]) => {
      return (
        !integrity?.startsWith("sha512-") || (resolved !== undefined && !resolved.startsWith("https://"))
      );
    });
    expect(weak.map(([place]) => place)).toEqual([]);
  });

  test("has three packages of the server with an install script, of which the images run one, for CUDA", () => {
    const scripted = LOCKED.filter(([, { hasInstallScript, dev }]) => hasInstallScript && !dev);
    // protobufjs', which @grpc/grpc-js brings, does nothing but warn of versions. That of swagger-ui-dist's reports
    // installations, unless package.json says otherwise, as ours does.
    const names = scripted.map(([place]) => nameOf(place));
    expect(names).toEqual(["@scarf/scarf", "onnxruntime-node", "protobufjs"]);
  });
});
