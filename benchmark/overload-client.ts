import { runLoad } from "./load-client.ts";
import { type OpenLoopFigures, type OpenLoopOptions, runOpenLoop } from "./open-loop-client.ts";

export interface OverloadOptions extends Omit<OpenLoopOptions, "imagesPerSecond" | "warmupSeconds"> {
  /** What is offered, as a multiple of the capacity. */
  readonly share: number;
  /** Clients that wait for their answers; what they get is the capacity. */
  readonly clients: number;
  readonly capacitySeconds: number;
}

export interface OverloadFigures extends OpenLoopFigures {
  readonly capacityImagesPerSecond: number;
}

/**
 * Measures the capacity and, at once from the same process, offers a multiple of it. `notify` tells of the offered load:
 * "begin" and "end".
 *
 * @throws {Error} as {@link runLoad} and {@link runOpenLoop} do.
 */
export async function runOverload(
  { share, clients, capacitySeconds, ...load }: OverloadOptions,
  notify: (text: string) => void,
): Promise<OverloadFigures> {
  const times = { warmupSeconds: capacitySeconds / 3, seconds: capacitySeconds };
  const { imagesPerSecond } = await runLoad({ ...load, ...times, wire: "analyze", clients }, () => {});
  const offered = { imagesPerSecond: share * imagesPerSecond, warmupSeconds: capacitySeconds / 3 };
  return {
    capacityImagesPerSecond: imagesPerSecond,
    ...(await runOpenLoop({ ...load, ...offered }, notify)),
  };
}
