import type { SQSClient } from "@aws-sdk/client-sqs";
import { firstLine, StartupError } from "../errors.ts";
import type { QueueMessage, TileQueue } from "./tile-queue.ts";

export interface SqsQueueOptions {
  readonly url: string;
  /** How long received messages hide from others. */
  readonly visibilitySeconds: number;
  /** How long to wait for a message; SQS takes 20 at most. */
  readonly waitSeconds: number;
}

/** SQS takes no more in one call. */
const MOST_MESSAGES = 10;
/** The SDK waits longer before each of them. */
const TRIES = 10;

/** Amazon SQS, or an emulator of it: its host is the URL's. Credentials are found as the AWS SDK finds them. */
export class SqsQueue implements TileQueue {
  readonly #options: SqsQueueOptions;
  readonly #sdk: typeof import("@aws-sdk/client-sqs");
  readonly #client: SQSClient;

  private constructor(options: SqsQueueOptions, sdk: typeof import("@aws-sdk/client-sqs")) {
    this.#options = options;
    this.#sdk = sdk;
    const region = regionOf(options.url);
    this.#client = new sdk.SQSClient({ maxAttempts: TRIES, ...(region === undefined ? {} : { region }) });
  }

  /** @throws {StartupError} when the URL is none of a queue. */
  static async open(options: SqsQueueOptions): Promise<SqsQueue> {
    const { url } = options;
    if (!/^https?:/i.test(url) || !URL.canParse(url)) {
      throw new StartupError("--queue must be the URL of an SQS queue");
    }
    return new SqsQueue(options, await import("@aws-sdk/client-sqs"));
  }

  async receive(signal: AbortSignal): Promise<readonly QueueMessage[]> {
    const { url, visibilitySeconds, waitSeconds } = this.#options;
    const command = new this.#sdk.ReceiveMessageCommand({
      QueueUrl: url,
      MaxNumberOfMessages: MOST_MESSAGES,
      VisibilityTimeout: visibilitySeconds,
      WaitTimeSeconds: waitSeconds,
    });
    try {
      const { Messages: messages = [] } = await this.#client.send(command, { abortSignal: signal });
      return messages.map(({ MessageId, ReceiptHandle, Body }) => ({
        id: MessageId ?? "",
        receipt: ReceiptHandle ?? "",
        body: Body ?? "",
      }));
    } catch (error) {
      signal.throwIfAborted();
      throw failure(error);
    }
  }

  async remove(messages: readonly QueueMessage[]): Promise<readonly QueueMessage[]> {
    const left = await Promise.all(
      inTens(messages).map(async (ten) => {
        const entries = ten.map(({ receipt }, i) => ({ Id: String(i), ReceiptHandle: receipt }));
        const command = new this.#sdk.DeleteMessageBatchCommand({
          QueueUrl: this.#options.url,
          Entries: entries,
        });
        const { Failed: failed = [] } = await this.#client.send(command).catch(refuse);
        return failed.flatMap(({ Id }) => ten[Number(Id)] ?? []);
      }),
    );
    return left.flat();
  }

  async hide(messages: readonly QueueMessage[], seconds: number): Promise<void> {
    await Promise.all(
      inTens(messages).map(async (ten) => {
        const entries = ten.map(({ receipt }, i) => ({
          Id: String(i),
          ReceiptHandle: receipt,
          VisibilityTimeout: seconds,
        }));
        const request = { QueueUrl: this.#options.url, Entries: entries };
        await this.#client.send(new this.#sdk.ChangeMessageVisibilityBatchCommand(request)).catch(refuse);
      }),
    );
  }

  close(): void {
    this.#client.destroy();
  }
}

function refuse(error: unknown): never {
  throw failure(error);
}

/** The queue is not there, or nobody may ask it: the name says which. Of several addresses only the code does. */
function failure(error: unknown): StartupError {
  const { name, message, code } = error as NodeJS.ErrnoException;
  const reason = message === "" ? (code ?? "it does not answer") : firstLine(message);
  return new StartupError(`SQS: ${name}: ${reason}`, { cause: error });
}

function inTens(messages: readonly QueueMessage[]): readonly (readonly QueueMessage[])[] {
  const count = Math.ceil(messages.length / MOST_MESSAGES);
  return Array.from({ length: count }, (_, i) => messages.slice(i * MOST_MESSAGES, (i + 1) * MOST_MESSAGES));
}

/** AWS's own URLs name the region; for others the SDK looks for it elsewhere. */
function regionOf(url: string): string | undefined {
  return /^https?:\/\/sqs\.([a-z0-9-]+)\.amazonaws\./i.exec(url)?.[1];
}
