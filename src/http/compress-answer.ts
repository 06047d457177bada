import { Readable } from "node:stream";
import { constants, createBrotliCompress, createGzip } from "node:zlib";
import type { Context } from "koa";

/** The bytes of an answer, in order. */
export interface AnswerBytes {
  readonly chunks: readonly Uint8Array[];
  readonly byteLength: number;
}

type Encoding = "br" | "gzip";

/** What comes out at a time; each goes through the event loop. */
const CHUNK_BYTES = 131_072;

/** The fastest of each: a higher level of gzip costs five times as much for a twentieth less. */
const COMPRESSORS: Readonly<Record<Encoding, () => NodeJS.ReadWriteStream & Readable>> = {
  br: () =>
    createBrotliCompress({
      chunkSize: CHUNK_BYTES,
      params: {
        [constants.BROTLI_PARAM_QUALITY]: 1,
        // Its memory; answers repeat what is near.
        [constants.BROTLI_PARAM_LGWIN]: 18,
      },
    }),
  gzip: () => createGzip({ level: 1, chunkSize: CHUNK_BYTES }),
};

/**
 * Compresses an answer where its client takes that and it makes it smaller, and says so in its head. libuv's threads do it, a
 * chunk at a time, so that neither the event loop nor an image that is being decoded waits for a whole answer.
 */
export async function compressAnswer(ctx: Context, answer: AnswerBytes): Promise<AnswerBytes> {
  ctx.vary("Accept-Encoding");
  const encoding = acceptedEncoding(ctx);
  if (encoding === undefined) return answer;
  const compressed = await compress(answer.chunks, encoding);
  if (compressed.byteLength >= answer.byteLength) return answer;
  ctx.set("Content-Encoding", encoding);
  return compressed;
}

/** Brotli where it is named: it is faster and packs better. What takes anything gets gzip, which everybody knows. */
function acceptedEncoding(ctx: Context): Encoding | undefined {
  const takes = (encoding: Encoding) => ctx.acceptsEncodings(encoding, "identity") === encoding;
  if (/\bbr\b/i.test(ctx.get("Accept-Encoding")) && takes("br")) return "br";
  return takes("gzip") ? "gzip" : undefined;
}

async function compress(chunks: readonly Uint8Array[], encoding: Encoding): Promise<AnswerBytes> {
  const compressor = COMPRESSORS[encoding]();
  Readable.from(chunks, { objectMode: false }).pipe(compressor);
  const compressed: Buffer[] = await compressor.toArray();
  return { chunks: compressed, byteLength: compressed.reduce((sum, { length }) => sum + length, 0) };
}
