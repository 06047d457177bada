/** What is on the screen, as one who types it would ask for it. */
export interface CurlRequest {
  /** Where the images are posted. */
  readonly url: string;
  readonly signature: string;
  readonly parameters: Readonly<Record<string, number>>;
  /** Names of files of the reader's own. */
  readonly files: readonly string[];
  /** Addresses of images that the server has. */
  readonly samples: readonly string[];
}

/**
 * Returns lines for a POSIX shell that ask for each image what the console asked for it. An image goes through a pipe:
 * as an argument, more than 128 KiB would be too long.
 *
 * Order: files, then samples, each in the order given.
 */
export function curlCommand(request: CurlRequest): string {
  return [
    ...loop(request.files, request, (image) => `base64 < ${image}`),
    ...loop(request.samples, request, (image) => `curl -sS ${image} | base64`),
  ].join("\n");
}

function loop(
  images: readonly string[],
  { url, signature, parameters }: CurlRequest,
  encode: (image: string) => string,
): readonly string[] {
  const [only, ...more] = images;
  if (only === undefined) return [];
  const options = Object.keys(parameters).length === 0 ? {} : { parameters };
  const [head = "", tail = ""] = JSON.stringify({
    signature_name: signature,
    ...options,
    instances: [{ b64: "" }],
  }).split(/(?<="b64":")/);
  const ask = (image: string) => [
    `{ printf '%s' ${quote(head)}`,
    `  ${encode(image)} | tr -d '\\n'`,
    `  printf '%s' ${quote(tail)}`,
    `} | curl -sS --data-binary @- ${quote(url)}`,
    "echo",
  ];
  if (more.length === 0) return ask(quote(only));
  return [
    `for image in ${images.map(quote).join(" ")}; do`,
    ...ask('"$image"').map((line) => `  ${line}`),
    "done",
  ];
}

// What a terminal would act on while it is pasted, whatever quotes are around it.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const CONTROLS = /[\u0000-\u001f\u007f-\u009f]/;

/** Returns a word of a shell that stands for exactly this text; of control characters only line ends at its end are lost. */
function quote(text: string): string {
  if (!CONTROLS.test(text)) return `'${text.replaceAll("'", "'\\''")}'`;
  const octal = Array.from(
    new TextEncoder().encode(text),
    (byte) => `\\${byte.toString(8).padStart(3, "0")}`,
  );
  return `"$(printf '${octal.join("")}')"`;
}
