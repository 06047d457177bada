import { byId, element } from "./element.ts";
import { showModelCard } from "./model-card.ts";
import { type DescribedModel, modelPath, type ServerApi, ServerError } from "./server-api.ts";

/** A model that answers. */
export interface ChosenModel {
  /** As in the server's routes. */
  readonly path: string;
  readonly described: DescribedModel;
}

export interface ModelChoiceOptions {
  readonly api: ServerApi;
  readonly onChosen: (chosen: ChosenModel) => void;
}

/** Which of the served models, and which of its versions, is looked at. */
export class ModelChoice {
  readonly #options: ModelChoiceOptions;
  readonly #names: HTMLSelectElement = byId("model", HTMLSelectElement);
  readonly #versions: HTMLSelectElement = byId("version", HTMLSelectElement);
  #chosen: ChosenModel | undefined;
  #isAsking = false;

  constructor(options: ModelChoiceOptions) {
    this.#options = options;
    this.#names.addEventListener("change", () => this.#chooseAnew(""));
    this.#versions.addEventListener("change", () => this.#chooseAnew(this.#versions.value));
  }

  /** undefined: none answers yet. */
  get chosen(): ChosenModel | undefined {
    return this.#chosen;
  }

  get name(): string {
    return this.#names.value;
  }

  /** Looks for a model where there is none yet. Call it again and again. */
  refresh(): void {
    if (this.#chosen === undefined && !this.#isAsking) void this.#choose("");
  }

  /** Says something of what a person did. */
  tell(text: string): void {
    const notice = byId("notice", HTMLParagraphElement);
    notice.textContent = text;
    notice.hidden = text === "";
  }

  #chooseAnew(version: string): void {
    this.#chosen = undefined;
    void this.#choose(version);
  }

  /** @param version empty: the highest */
  async #choose(version: string): Promise<void> {
    const { api, onChosen } = this.#options;
    this.#isAsking = true;
    try {
      if (this.#names.options.length === 0) fill(this.#names, await api.models());
      this.#names.disabled = this.#names.options.length < 2;
      const { name } = this;
      const statuses = await api.versions(name);
      const available = statuses.filter(({ state }) => state === "AVAILABLE").map((status) => status.version);
      if (available.length === 0) throw notReady(name, statuses[0]?.state);
      const path = modelPath(name, version === "" ? undefined : version);
      const described = await api.describe(path);
      // Another was chosen meanwhile.
      if (name !== this.name) return;
      if (version === "") fill(this.#versions, ["", ...available], `highest (${available[0]})`);
      byId("version-choice", HTMLDivElement).hidden = available.length < 2;
      this.#chosen = { path, described };
      this.tell("");
      showModelCard(described);
      onChosen(this.#chosen);
    } catch (error) {
      if (!(error instanceof ServerError)) throw error;
      this.tell(`${error.message} This page asks again.`);
    } finally {
      this.#isAsking = false;
    }
  }
}

function fill(select: HTMLSelectElement, values: readonly string[], empty = ""): void {
  const options = values.map((value) => element("option", { value }, value === "" ? empty : value));
  select.replaceChildren(...options);
}

function notReady(name: string, state = "gone"): ServerError {
  const message = `The model ${name} does not answer: it is ${state}.`;
  return new ServerError({ status: 503, code: "NOT_READY", message });
}
