import { type ChildProcess, spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { freePorts } from "../docs/free-ports.ts";

/** What the AWS SDK wants of its surroundings; an emulator takes any. */
export const AWS_ENVIRONMENT: Readonly<Record<string, string>> = {
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_REGION: "us-east-1",
};

/** How often a message is received before it is a dead letter. */
const MOST_RECEIVES = 3;

/** moto answers in several threads, of which two that delete at once can undo one another's work: here they take turns. */
const START = `
import threading
from moto.server import main
from moto.sqs.models import Queue

lock, delete = threading.Lock(), Queue.delete_message

def delete_in_turn(queue, handle):
    with lock:
        return delete(queue, handle)

Queue.delete_message = delete_in_turn
main()
`;

/** moto's server, in a process of its own. */
export class QueueEmulator {
  readonly #child: ChildProcess;
  readonly #client: SQSClient;

  private constructor(child: ChildProcess, client: SQSClient) {
    this.#child = child;
    this.#client = client;
  }

  static async start(python: string, signal: AbortSignal): Promise<QueueEmulator> {
    const [port] = await freePorts(1);
    const args = ["-c", START, "-H", "127.0.0.1", "-p", String(port)];
    const child = spawn(python, args, { stdio: "ignore", signal, killSignal: "SIGKILL" });
    child.on("error", () => {});
    const endpoint = `http://127.0.0.1:${port}`;
    while (!(await fetch(`${endpoint}/moto-api/`).catch(() => undefined))?.ok) {
      if (child.exitCode !== null) throw new Error("moto's server ended");
      await sleep(200, undefined, { signal });
    }
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    return new QueueEmulator(child, new SQSClient({ endpoint, region: "us-east-1", credentials }));
  }

  /** Makes a queue as chip-n-scale's template does, and returns its URL and that of its dead letters. */
  async createQueue(name: string): Promise<{ readonly url: string; readonly deadLetters: string }> {
    const { QueueUrl: deadLetters = "" } = await this.#client.send(
      new CreateQueueCommand({ QueueName: `${name}-dead` }),
    );
    const { QueueArn: arn } = await this.#attributes(deadLetters, "QueueArn");
    const policy = JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: MOST_RECEIVES });
    const { QueueUrl: url = "" } = await this.#client.send(
      new CreateQueueCommand({ QueueName: name, Attributes: { RedrivePolicy: policy } }),
    );
    return { url, deadLetters };
  }

  async send(url: string, bodies: readonly string[]): Promise<void> {
    for (let at = 0; at < bodies.length; at += 10) {
      const entries = bodies.slice(at, at + 10).map((body, i) => ({ Id: String(i), MessageBody: body }));
      await this.#client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: entries }));
    }
  }

  /** Messages that are there, hidden ones included. */
  async count(url: string): Promise<number> {
    const [seen, hidden] = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"] as const;
    const attributes = await this.#attributes(url, seen, hidden);
    return Number(attributes[seen]) + Number(attributes[hidden]);
  }

  close(): void {
    this.#client.destroy();
    this.#child.kill("SIGKILL");
  }

  async #attributes(url: string, ...names: readonly QueueAttribute[]): Promise<Record<string, string>> {
    const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: [...names] });
    return (await this.#client.send(command)).Attributes ?? {};
  }
}

type QueueAttribute = "QueueArn" | "ApproximateNumberOfMessages" | "ApproximateNumberOfMessagesNotVisible";
