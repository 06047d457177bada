import { execFile } from "node:child_process";
import { dirname, isAbsolute } from "node:path";
import { promisify } from "node:util";

const FIND = `
import importlib.util, sys
def is_there(name):
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False
print(" ".join(name for name in sys.argv[1:] if not is_there(name)))
`;

/** The Python that the pages' commands find. */
export class PagePython {
  /** A name, or the path of a virtual environment's `bin/python`. */
  readonly program: string;

  constructor(program: string) {
    this.program = program;
  }

  /** Where its `python` and `pip` are; undefined where that is among the machine's own. */
  get folder(): string | undefined {
    return isAbsolute(this.program) ? dirname(this.program) : undefined;
  }

  /** Returns what keeps a block from being run that needs these modules. */
  async missing(needs: readonly string[]): Promise<string | undefined> {
    const asked = promisify(execFile)(this.program, ["-c", FIND, ...needs]);
    const missing = await asked.then(
      ({ stdout }) => stdout.trim(),
      () => undefined,
    );
    if (missing === undefined) return `needs Python, and there is no ${this.program}`;
    return missing === "" ? undefined : `${this.program} has no ${missing.replaceAll(" ", ", ")}`;
  }
}
