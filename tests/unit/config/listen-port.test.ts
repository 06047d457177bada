import { describe, expect, test } from "vitest";
import { listenPort } from "../../../src/config/listen-port.ts";
import { parseSettings } from "../../../src/config/parse-settings.ts";
import { platformWarnings } from "../../../src/config/platform-warnings.ts";

describe("listenPort", () => {
  test.each([
    ["the default", {}, 8501],
    ["PORT", { PORT: "9000" }, 9000],
    ["AIP_HTTP_PORT", { AIP_HTTP_PORT: "8080" }, 8080],
    ["AIP_HTTP_PORT, whatever PORT is", { PORT: "9000", AIP_HTTP_PORT: "8080" }, 8080],
    ["PORT where AIP_HTTP_PORT is empty", { PORT: "9000", AIP_HTTP_PORT: "" }, 9000],
  ])("is %s", (_, environment, port) => {
    expect(listenPort(parseSettings([], environment))).toBe(port);
  });
});

describe("platformWarnings", () => {
  const of = (environment: NodeJS.ProcessEnv) => platformWarnings(parseSettings([], environment));

  test("says that AIP_HTTP_PORT wins over another PORT", () => {
    expect(of({ PORT: "9000", AIP_HTTP_PORT: "8080" })).toEqual([
      "PORT is 9000 and AIP_HTTP_PORT 8080: listening on AIP_HTTP_PORT",
    ]);
  });

  test("says that nothing is fetched from AIP_STORAGE_URI", () => {
    expect(of({ AIP_STORAGE_URI: "gs://a/b", MODEL_DIR: "m" })).toEqual([
      "AIP_STORAGE_URI (gs://a/b) is not fetched: serving the model of m",
    ]);
  });

  test.each([
    ["nothing is set", {}],
    ["they agree", { PORT: "8080", AIP_HTTP_PORT: "8080" }],
    ["PORT is not set", { AIP_HTTP_PORT: "8080" }],
    ["Vertex AI has no files", { AIP_STORAGE_URI: "" }],
  ])("is silent where %s", (_, environment) => {
    expect(of(environment)).toEqual([]);
  });
});
