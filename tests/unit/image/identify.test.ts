import { describe, expect, test } from "vitest";
import { identifyImage } from "../../../src/image/identify.ts";

const latin1 = (text: string): Buffer => Buffer.from(text, "latin1");
const read = (base64: string): string => Buffer.from(base64, "base64").toString("latin1");

describe("identifyImage", () => {
  test.each([
    ["jpeg", "\xff\xd8\xff\xe0\0\x10JFIF"],
    ["png", "\x89PNG\r\n\x1a\n\0\0\0\rIHDR"],
    ["webp", "RIFF\x10\0\0\0WEBPVP8 "],
    ["gif", "GIF87a\x01\0\x01\0"],
    ["gif", "GIF89a\x01\0\x01\0"],
    ["tiff", "II*\0\x08\0\0\0"],
    ["tiff", "MM\0*\0\0\0\x08"],
    ["bmp", "BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0"],
  ])("knows %s by its magic", (format, head) => {
    expect(identifyImage(latin1(head))).toEqual({ kind: "image", format });
  });

  test.each([
    ["empty", ""],
    ["white space", " \r\n\t"],
    ["an HTML page", "<!DOCTYPE html><html>"],
    ["an HTML page", "\n\n  <html lang=en>"],
    ["an HTML page", "\xef\xbb\xbf<html>"],
    ["an HTML page", '<?xml version="1.0"?>\n<!-- x --><html xmlns="http://www.w3.org/1999/xhtml">'],
    ["an XML document", '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>'],
    ["an XML document", "<Error/>"],
    ["JSON text", ' {"message":"Forbidden"}'],
    ["JSON text", "[1, 2]"],
    ["JSON text", "{}"],
    ["gzip data", "\x1f\x8b\x08\0"],
    ["a ZIP archive", "PK\x03\x04\x14\0"],
    ["text", "Not Found"],
    ["text", "BMW is no bitmap and long enough"],
    ["text", "caf\xc3\xa9"],
    ["base64 text", "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgK"],
    ["UTF-16 text", '{\0"\0a\0"\0'],
    ["UTF-16 text", '\0{\0"\0a\0"'],
    ["UTF-16 text", "\xff\xfe{\0"],
    ["hexadecimal that was read as base64", read("89504e470d0a1a0a0000000d49484452")],
    ["hexadecimal that was read as base64", read("FFD8FFE000104A46494600010101004800480000")],
    ["unknown data", "\0".repeat(100)],
    ["unknown data", "\0\x01\x02\x03\x04\xfe"],
    ["unknown data", "\x80"],
  ])("says %s for what is no image", (looksLike, head) => {
    expect(identifyImage(latin1(head))).toEqual({ kind: "other", looksLike, isImage: false });
  });

  test.each([
    ["an SVG image", '<svg xmlns="http://www.w3.org/2000/svg">'],
    ["an SVG image", '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x"><svg>'],
    ["a HEIC or AVIF image", "\0\0\0\x20ftypavif"],
    ["a HEIC or AVIF image", "\0\0\0\x20ftypheic"],
    ["a JPEG XL image", "\xff\x0a\0\0"],
    ["a JPEG 2000 image", "\0\0\0\x0cjP  \r\n\x87\n"],
    ["an icon (ICO)", "\0\0\x01\0\x01\0"],
    ["a PDF document", "%PDF-1.7\n"],
    ["a netpbm image", "P6\n16 16\n255\n"],
    ["an SGI image", "\x01\xda\x01\x01\0\x03"],
    ["a Sun raster image", "\x59\xa6\x6a\x95\0\0\0\x10"],
    ["an X11 image (XBM, XPM)", "#define python_width 16\n"],
  ])("says %s for an image that is not decoded", (looksLike, head) => {
    expect(identifyImage(latin1(head))).toEqual({ kind: "other", looksLike, isImage: true });
  });

  test("answers for every prefix and for random bytes", () => {
    const bytes = Uint8Array.from({ length: 600 }, (_, i) => (i * 197 + 31) % 256);
    for (let length = 0; length <= bytes.length; length++) {
      expect(identifyImage(bytes.subarray(0, length)).kind).toBe("other");
    }
  });
});
