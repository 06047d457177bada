import { briefJson } from "./brief-json.ts";
import { byId } from "./element.ts";
import { exampleTensors } from "./example-tensors.ts";
import type { TensorMetadata } from "./model-metadata.ts";
import { type ServerApi, ServerError } from "./server-api.ts";

/** Where a model takes no images: a request that is typed. */
export class TensorForm {
  readonly #api: ServerApi;
  readonly #form: HTMLFormElement = byId("tensor-form", HTMLFormElement);
  readonly #body: HTMLTextAreaElement = byId("tensor-body", HTMLTextAreaElement);
  readonly #answer: HTMLTextAreaElement = byId("tensor-answer", HTMLTextAreaElement);
  #path = "";
  #work = new AbortController();

  constructor(api: ServerApi) {
    this.#api = api;
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#send();
    });
  }

  offer({
    path,
    inputs,
    isOffered,
  }: {
    readonly path: string;
    readonly inputs: Readonly<Record<string, TensorMetadata>>;
    readonly isOffered: boolean;
  }): void {
    this.#form.hidden = !isOffered;
    this.#path = path;
    this.#body.value = exampleTensors(inputs) ?? '{"instances": []}';
    this.#answer.hidden = true;
  }

  async #send(): Promise<void> {
    this.#work.abort();
    const work = new AbortController();
    this.#work = work;
    this.#answer.hidden = false;
    this.#answer.value = "Asking …";
    try {
      const answer = await this.#api.predictWhole(this.#path, this.#body.value, work.signal);
      this.#answer.value = briefJson(answer);
    } catch (error) {
      if (!(error instanceof ServerError)) return;
      this.#answer.value = `${error.code}: ${error.message}`;
    }
  }
}
