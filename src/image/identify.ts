/** Encodings that the server decodes. */
export const IMAGE_FORMATS = ["jpeg", "png", "webp", "gif", "tiff", "bmp"] as const;

export type ImageFormat = (typeof IMAGE_FORMATS)[number];

export type Identified =
  | { readonly kind: "image"; readonly format: ImageFormat }
  /** Something else: a noun for an error text, and whether it is an image in a format that is not served. */
  | { readonly kind: "other"; readonly looksLike: string; readonly isImage: boolean };

/**
 * Tells by its first bytes what `bytes` is. A prefix of 512 bytes is enough; never throws.
 *
 * @see WHATWG MIME Sniffing, https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern
 */
export function identifyImage(bytes: Uint8Array): Identified {
  const prefix = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, PREFIX_BYTES));
  if (prefix.length === 0) return other("empty");
  const format = IMAGE_FORMATS.find((format) => matches(prefix, FORMAT_MAGIC[format]));
  // Two letters are also how a text may begin; a BMP has a header size of its own 14 bytes on.
  if (format !== undefined && (format !== "bmp" || isBmp(prefix))) return { kind: "image", format };
  const image = OTHER_IMAGES.find(([, magic]) => matches(prefix, magic));
  if (image !== undefined) return other(image[0], true);
  const known = OTHER_FILES.find(([, magic]) => matches(prefix, magic));
  if (known !== undefined) return other(known[0]);
  return identifyText(prefix);
}

const PREFIX_BYTES = 512;

/** Latin-1 text, by the offset it stands at; all must match one row. */
type Magic = readonly Readonly<Record<number, string>>[];

const FORMAT_MAGIC: Readonly<Record<ImageFormat, Magic>> = {
  jpeg: [{ 0: "\xff\xd8\xff" }],
  png: [{ 0: "\x89PNG\r\n\x1a\n" }],
  webp: [{ 0: "RIFF", 8: "WEBP" }],
  gif: [{ 0: "GIF87a" }, { 0: "GIF89a" }],
  tiff: [{ 0: "II*\0" }, { 0: "MM\0*" }, { 0: "II+\0" }, { 0: "MM\0+" }],
  bmp: [{ 0: "BM" }],
};

const OTHER_IMAGES: readonly (readonly [string, Magic])[] = [
  [
    "a HEIC or AVIF image",
    ["avif", "avis", "heic", "heix", "heim", "heis", "hevc", "mif1", "msf1"].map(brand),
  ],
  ["a JPEG XL image", [{ 0: "\xff\x0a" }, { 4: "JXL \r\n\x87\n" }]],
  ["a JPEG 2000 image", [{ 4: "jP  \r\n\x87\n" }, { 0: "\xff\x4f\xff\x51" }]],
  ["an icon (ICO)", [{ 0: "\0\0\x01\0" }, { 0: "\0\0\x02\0" }]],
  ["a PDF document", [{ 0: "%PDF-" }]],
  ["a Photoshop document", [{ 0: "8BPS" }]],
  ["an OpenEXR image", [{ 0: "v/1\x01" }]],
  ["a Radiance HDR image", [{ 0: "#?RADIANCE" }, { 0: "#?RGBE" }]],
  ["a DDS image", [{ 0: "DDS " }]],
  ["a QOI image", [{ 0: "qoif" }]],
  ["an SGI image", ["\0\x01", "\0\x02", "\x01\x01", "\x01\x02"].map((kind) => ({ 0: `\x01\xda${kind}` }))],
  ["a Sun raster image", [{ 0: "\x59\xa6\x6a\x95" }]],
  ["an X11 image (XBM, XPM)", [{ 0: "#define " }, { 0: "/* XPM */" }]],
  ["a FITS image", [{ 0: "SIMPLE  =" }]],
  ["a DICOM file", [{ 128: "DICM" }]],
  ["a netpbm image", ["1", "2", "3", "4", "5", "6"].flatMap((n) => [{ 0: `P${n}\n` }, { 0: `P${n} ` }])],
];

const OTHER_FILES: readonly (readonly [string, Magic])[] = [
  ["a PostScript document", [{ 0: "%!PS" }]],
  ["gzip data", [{ 0: "\x1f\x8b" }]],
  ["a ZIP archive", [{ 0: "PK\x03\x04" }, { 0: "PK\x05\x06" }]],
  ["Zstandard data", [{ 0: "\x28\xb5\x2f\xfd" }]],
  ["bzip2 data", [{ 0: "BZh" }]],
  ["XZ data", [{ 0: "\xfd7zXZ\0" }]],
  ["an MP4 or QuickTime video", [{ 4: "ftyp" }]],
  ["a Matroska or WebM video", [{ 0: "\x1a\x45\xdf\xa3" }]],
  ["a NumPy array", [{ 0: "\x93NUMPY" }]],
  ["an HDF5 file", [{ 0: "\x89HDF\r\n" }]],
  ["UTF-16 text", [{ 0: "\xff\xfe" }, { 0: "\xfe\xff" }, { 0: "{\0" }, { 0: "\0{" }]],
];

function brand(name: string): Record<number, string> {
  return { 4: `ftyp${name}` };
}

function matches(prefix: Buffer, magic: Magic): boolean {
  return magic.some((row) =>
    Object.entries(row).every(([offset, text]) => {
      const at = Number(offset);
      return prefix.toString("latin1", at, at + text.length) === text;
    }),
  );
}

function isBmp(prefix: Buffer): boolean {
  // Cut off before its header is known: still more likely a BMP than a text of "BM" and control bytes.
  if (prefix.length < 18) return !isPlainText(prefix.subarray(2));
  const headerBytes = prefix.readUInt32LE(14);
  return headerBytes >= 12 && headerBytes <= 1024;
}

function identifyText(prefix: Buffer): Identified {
  // White space in the sense of trimStart includes the byte order mark.
  const text = prefix.toString("utf8").trimStart();
  if (text === "") return other("white space");
  const markup = text.replace(/^(<\?xml[^>]*\?>|<!--[\s\S]*?-->|<!doctype svg[^>]*>|\s)+/i, "");
  if (/^<svg[\s>]/i.test(markup)) return other("an SVG image", true);
  if (/^<(!doctype html|html|head|body|title|script|h1|p|div|table|meta|center)[\s>/]/i.test(markup)) {
    return other("an HTML page");
  }
  if (/^<(\?xml|[a-z!])/i.test(text)) return other("an XML document");
  if (/^(\{\s*["}]|\[\s*["{[\]\d-])/.test(text)) return other("JSON text");
  if (/^data:/i.test(text)) return other("a data: URL that was not decoded");
  if (/^https?:/i.test(text)) return other("a URL");
  if (isPlainText(prefix)) return other(/^[A-Za-z0-9+/_-]{40,}/.test(text) ? "base64 text" : "text");
  return other(isHexadecimal(prefix) ? "hexadecimal that was read as base64" : "unknown data");
}

/** Every hexadecimal text of an even number of bytes is base64 of something else. */
function isHexadecimal(prefix: Buffer): boolean {
  return /^(?=.*\d)[0-9a-f]{32,}$/i.test(prefix.toString("base64", 0, 48));
}

/** No control characters but white space, and no byte that UTF-8 can't have; a character cut at the end may be there. */
function isPlainText(prefix: Buffer): boolean {
  const text = prefix.toString("utf8").replace(/(?<=.)\uFFFD$/, "");
  return !/[\p{Cc}\uFFFD]/u.test(text.replace(/\s/g, ""));
}

function other(looksLike: string, isImage = false): Identified {
  return { kind: "other", looksLike, isImage };
}
