import { describe, expect, test } from "vitest";
import { aipRoutes } from "../../../src/config/aip-routes.ts";
import { parseSettings } from "../../../src/config/parse-settings.ts";
import { refusal } from "../../support/onnx/refusal.ts";

const of = (environment: NodeJS.ProcessEnv) => aipRoutes(parseSettings([], environment));

describe("aipRoutes", () => {
  test("are the paths that Vertex AI states", () => {
    const path = "/v1/endpoints/1/deployedModels/2";
    expect(of({ AIP_HEALTH_ROUTE: path, AIP_PREDICT_ROUTE: `${path}:predict` })).toEqual({
      health: path,
      predict: `${path}:predict`,
    });
    expect(of({})).toEqual({ health: undefined, predict: undefined });
  });

  test.each(["predict", "/a b", "/a?b=c", "/a#b", "https://a.example/b", "/a%zz", "/<name>", "/a\n"])(
    "refuse what is no path: %j",
    (path) => {
      for (const name of ["AIP_HEALTH_ROUTE", "AIP_PREDICT_ROUTE"]) {
        expect(refusal("-", () => of({ [name]: path }))).toMatch(`${name} must be a path such as /predict`);
      }
    },
  );
});
