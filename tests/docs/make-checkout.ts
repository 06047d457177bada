import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT: string = fileURLToPath(new URL("../../", import.meta.url));

/** What a command of a page reads; the tests and benchmarks are most of the files. */
const LEFT_OUT = /^(tests|benchmark)\//;

/** What a link of npm's or an image has under this name. */
const PROGRAM = `#!/usr/bin/env bash
exec node "$(dirname "$0")/../dist/bin.cjs" "$@"
`;

/**
 * `npm ci` and `npm run build` have been done for the copy; to do them there would write through the links into the packages
 * and the build of this checkout.
 */
const NPM = `#!/usr/bin/env bash
case "$1 \${2-}" in
  "ci "* | "run build"*) exit 0 ;;
  "start "*) shift; [ "\${1-}" != -- ] || shift; exec node dist/bin.cjs "$@" ;;
esac
echo "npm $*: not to be run in a copy of the checkout" >&2
exit 1
`;

/**
 * Returns a new folder with what a clone of the repository holds, for a page's commands to read and write, and programs for
 * it in its `.bin`.
 *
 * @param isBare whether it has neither packages nor a build, as after `git clone`
 */
export function makeCheckout({ isBare }: { readonly isBare: boolean }): string {
  const folder = mkdtempSync(join(tmpdir(), "onnx-serving-docs-"));
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const name of listed.split("\0")) {
    // One that was removed is still listed until that is committed.
    if (name !== "" && !LEFT_OUT.test(name)) cpSync(join(ROOT, name), join(folder, name), { force: true });
  }
  addProgram(folder, "onnx-serving", PROGRAM);
  if (isBare) return folder;
  for (const name of ["dist", "node_modules"]) symlinkSync(join(ROOT, name), join(folder, name));
  addProgram(folder, "npm", NPM);
  return folder;
}

function addProgram(folder: string, name: string, script: string): void {
  mkdirSync(join(folder, ".bin"), { recursive: true });
  writeFileSync(join(folder, ".bin", name), script, { mode: 0o755 });
}
