import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface FuzzApiOptions {
  /** Holds Schemathesis' program. */
  readonly programs: string;
  readonly url: string;
  /** Requests of each kind for each operation, at most. */
  readonly examples: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

const HOOKS = fileURLToPath(new URL("hooks.py", import.meta.url));
const CONFIG = fileURLToPath(new URL("schemathesis.toml", import.meta.url));

/** What an answer is held against; the others are about what schemas alone can't say, such as which text is an image. */
const CHECKS = [
  "not_a_server_error",
  "status_code_conformance",
  "content_type_conformance",
  "response_headers_conformance",
  "response_schema_conformance",
  "unsupported_method",
  "negative_data_rejection",
];

/**
 * Sends a server what its OpenAPI document allows, and what it does not, and holds each answer against the document.
 *
 * @throws {Error} when one of them is not what it says; Schemathesis has printed which.
 */
export async function fuzzApi({ programs, url, examples, seed, signal }: FuzzApiOptions): Promise<void> {
  // Schemathesis waits ten seconds for it, which are short on a busy machine where it is made when first asked for.
  await (await fetch(`${url}/openapi.json`, { signal })).arrayBuffer();
  const flags = [
    `--checks=${CHECKS.join(",")}`,
    "--mode=all",
    "--phases=examples,coverage,fuzzing",
    `--max-examples=${examples}`,
    `--seed=${seed}`,
    "--continue-on-failure",
    "--request-timeout=330",
    "--no-color",
  ];
  const schemathesis = spawn(
    join(programs, "schemathesis"),
    [`--config-file=${CONFIG}`, "run", `${url}/openapi.json`, ...flags],
    {
      env: { ...process.env, SCHEMATHESIS_HOOKS: HOOKS, PYTHONDONTWRITEBYTECODE: "1" },
      // It writes what failed into a folder of the one that it runs in.
      cwd: programs,
      stdio: ["ignore", "inherit", "inherit"],
      signal,
    },
  );
  const [code] = await once(schemathesis, "exit");
  if (code !== 0) throw new Error(`Schemathesis ended with ${code}; --seed ${seed} sends the same again`);
}
