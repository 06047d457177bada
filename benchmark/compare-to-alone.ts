import type { Cost } from "./cpu-meter.ts";
import type { StageCosts } from "./measure-image-stages.ts";
import type { ServedFigures } from "./serve-under-load.ts";

/** The server's figures held against what its parts give alone. */
export interface Comparison {
  /** session.run alone at its best batch, the mean of just before and just after the load. */
  readonly aloneImagesPerSecond: number;
  readonly aloneCpuMsPerImage: number;
  /** CPU time of session, decode, preprocess and JSON for one image, each alone. */
  readonly partsCpuMs: number;
  /** Cores / `partsCpuMs`: no server is faster here. */
  readonly boundImagesPerSecond: number;
  /** Served images/s to the bound. */
  readonly boundRatio: number;
  /** The same with the client's own CPU time, which shares the cores, added to the parts. */
  readonly boundWithClientRatio: number;
  /** Served images/s to those of session.run alone. */
  readonly throughputRatio: number;
  /** CPU time of session.run alone to the server's, for one image; undefined where there is no /proc. */
  readonly cpuRatio: number | undefined;
  /** CPU time of the server for one image that the parts measured alone do not explain. */
  readonly unexplainedCpuMs: number | undefined;
}

export interface ComparisonInput {
  readonly served: ServedFigures;
  readonly before: Cost;
  readonly after: Cost;
  readonly stages: StageCosts;
  readonly cores: number;
}

/** Holds a load's figures against the parts alone. */
export function compareToAlone({ served, before, after, stages, cores }: ComparisonInput): Comparison {
  const { imagesPerSecond, clientCpuMsPerImage, serverCpuMsPerImage: cpuMs } = served;
  const aloneImagesPerSecond = (before.imagesPerSecond + after.imagesPerSecond) / 2;
  const aloneCpuMsPerImage = (before.cpuMsPerImage + after.cpuMsPerImage) / 2;
  const { decode, preprocess, json } = stages;
  const partsCpuMs =
    aloneCpuMsPerImage + decode.cpuMsPerImage + preprocess.cpuMsPerImage + json.cpuMsPerImage;
  const bound = (cpuMsPerImage: number) => (cores * 1000) / cpuMsPerImage;
  return {
    aloneImagesPerSecond,
    aloneCpuMsPerImage,
    partsCpuMs,
    boundImagesPerSecond: bound(partsCpuMs),
    boundRatio: imagesPerSecond / bound(partsCpuMs),
    boundWithClientRatio: imagesPerSecond / bound(partsCpuMs + clientCpuMsPerImage),
    throughputRatio: imagesPerSecond / aloneImagesPerSecond,
    cpuRatio: cpuMs === undefined ? undefined : aloneCpuMsPerImage / cpuMs,
    unexplainedCpuMs: cpuMs === undefined ? undefined : cpuMs - partsCpuMs,
  };
}
