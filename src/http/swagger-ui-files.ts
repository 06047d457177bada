import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);

/** Links are relative, so that a proxy may serve the page under a path of its own. */
const PAGE = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>onnx-serving API</title>
    <link rel="icon" href="docs/favicon-32x32.png">
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <script src="docs/swagger-ui-bundle.js" defer></script>
    <script src="docs/start.js" defer></script>
  </head>
  <body>
    <main id="swagger-ui"></main>
  </body>
</html>
`;

/** Without `validatorUrl`, the page would send the document's address to a public host. */
const START = `SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  validatorUrl: null,
});
`;

/** A file that the page needs. */
export interface PageFile {
  readonly contentType: string;
  readonly read: () => Promise<Buffer>;
}

const SCRIPT = "text/javascript; charset=utf-8";

/** The page that shows the OpenAPI document. */
export const SWAGGER_UI_PAGE: PageFile = ownFile("text/html; charset=utf-8", PAGE);

/** What it loads, by name; nothing else of the package is served. */
export const SWAGGER_UI_FILES: Readonly<Record<string, PageFile>> = {
  "start.js": ownFile(SCRIPT, START),
  "swagger-ui-bundle.js": packageFile(SCRIPT, () => require.resolve("swagger-ui-dist/swagger-ui-bundle.js")),
  "swagger-ui.css": packageFile("text/css; charset=utf-8", () =>
    require.resolve("swagger-ui-dist/swagger-ui.css"),
  ),
  "favicon-32x32.png": packageFile("image/png", () => require.resolve("swagger-ui-dist/favicon-32x32.png")),
};

function ownFile(contentType: string, text: string): PageFile {
  return { contentType, read: async () => Buffer.from(text) };
}

function packageFile(contentType: string, path: () => string): PageFile {
  return { contentType, read: () => readFile(path()) };
}
