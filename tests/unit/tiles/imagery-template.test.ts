import { describe, expect, test } from "vitest";
import { UsageError } from "../../../src/errors.ts";
import { parseTemplate } from "../../../src/tiles/imagery-template.ts";

const TILE = { x: 3, y: 5, z: 3 };

describe("parseTemplate", () => {
  test.each([
    ["http://h/{z}/{x}/{y}.png?key=a{x}", "http://h/3/3/5.png?key=a3"],
    ["https://h/{z}/{x}/{-y}.png", "https://h/3/3/2.png"],
    ["http://h/{q}", "http://h/213"],
  ])("makes %s", (template, address) => {
    expect(parseTemplate(template, [])(TILE)).toBe(address);
  });

  test("makes the corners of a tile in metres", () => {
    const address = parseTemplate("http://h/wms?bbox={bbox-epsg-3857}&width=256", [])(TILE);
    const corners = (new URL(address).searchParams.get("bbox") ?? "").split(",").map(Number);
    expect(corners.map(Math.round)).toEqual([-5009377, -10018754, 0, -5009377]);
  });

  test("gives a tile the same subdomain each time, and its neighbours others", () => {
    const address = parseTemplate("http://{s}.h/{z}/{x}/{y}", ["a", "b", "c"]);
    const hosts = [3, 4, 5, 3].map((x) => new URL(address({ x, y: 0, z: 3 })).host);
    expect(hosts).toEqual(["a.h", "b.h", "c.h", "a.h"]);
  });

  test.each([
    "http://h/tiles",
    "http://h/{z}/{x}",
    "http://h/{z}/{x}/{y}/{size}",
    "http://{s}.h/{z}/{x}/{y}",
    "ftp://h/{z}/{x}/{y}",
    "{z}/{x}/{y}",
    "http://{z}{x}{y}:port/",
    "http://h/{constructor}/{z}/{x}/{y}",
  ])("refuses %s", (template) => {
    expect(() => parseTemplate(template, [])).toThrow(UsageError);
  });
});
