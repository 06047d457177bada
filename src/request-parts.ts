import type { BatchScheduler } from "./batching/batch-scheduler.ts";
import type { FairPermits } from "./batching/fair-permits.ts";
import type { DecodeMemory } from "./decode-memory.ts";
import type { ImagePool } from "./image-workers/image-pool.ts";
import type { Stage } from "./observability/metrics.ts";
import type { RowOutcome } from "./runtime/session.ts";
import type { Servable } from "./servable.ts";
import type { RowSlot } from "./tensor/row-slots.ts";
import type { Tensors } from "./tensor/tensor.ts";

/** What the scheduler holds: a row to merge with others, or tensors to feed as they are, alone. */
export type Work =
  | { readonly kind: "row"; readonly row: Tensors }
  | { readonly kind: "whole"; readonly feeds: Tensors };

/** What all requests share. */
export interface RequestParts {
  readonly servable: Servable;
  readonly scheduler: BatchScheduler<Work, RowOutcome>;
  readonly imagePool: ImagePool;
  /** Bounds the rows between the decoder and the answer: each is hundreds of kilobytes. */
  readonly rowPermits: FairPermits;
  /** One for each image worker: the turns for one are taken here, where requests are told apart, not in the pool. */
  readonly workerPermits: FairPermits;
  /** Taken before the places that all images share: a large one that waits for it keeps no small one waiting. */
  readonly decodeMemory: DecodeMemory;
  /** For each permit, where its row is written; none where rows have no common size. */
  readonly rowSlots: readonly RowSlot[];
  readonly stageEnded: (stage: Stage, milliseconds: number) => void;
  /** The model is kept until what this returns is called. */
  readonly hold?: () => () => void;
}
