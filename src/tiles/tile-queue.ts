/** A message as it was received; receiving it again gives another one. */
export interface QueueMessage {
  readonly id: string;
  /** What names this receipt of it. */
  readonly receipt: string;
  readonly body: string;
}

/** A queue whose messages hide from others for a while when they are received, and come back unless they are removed. */
export interface TileQueue {
  /**
   * Resolves with messages, as soon as there is one; with none after a while without any.
   *
   * @throws {StartupError} when the queue can't be asked; the signal's reason when aborted.
   */
  receive(signal: AbortSignal): Promise<readonly QueueMessage[]>;
  /** Resolves with those that could not be removed: they will come back. @throws {StartupError} as {@link receive} does. */
  remove(messages: readonly QueueMessage[]): Promise<readonly QueueMessage[]>;
  /** Hides messages for so long from now on; 0 gives them back. Those that are gone are passed over. @throws {StartupError} as {@link receive} does. */
  hide(messages: readonly QueueMessage[], seconds: number): Promise<void>;
  close(): void;
}
