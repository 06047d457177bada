import { byId, element } from "./element.ts";
import type { Picture } from "./picture-card.ts";

export interface PictureSourceOptions {
  readonly onPictures: (pictures: readonly Picture[]) => void;
}

/** Where images come from: files that are chosen or dropped, the clipboard, and the model's samples. */
export class PictureSource {
  readonly #options: PictureSourceOptions;
  #takesPictures = false;

  constructor(options: PictureSourceOptions) {
    this.#options = options;
    const input = byId("files", HTMLInputElement);
    input.addEventListener("change", () => {
      this.#take(input.files ?? []);
      // So that the same file can be chosen again.
      input.value = "";
    });
    this.#listenForDrops();
    document.addEventListener("paste", (event) => {
      const files = event.clipboardData?.files ?? [];
      if (files.length === 0 || !this.#takesPictures) return;
      event.preventDefault();
      this.#options.onPictures(
        Array.from(files, (file) => ({ name: file.name, bytes: file, isPasted: true })),
      );
    });
  }

  /** @param samples addresses of the model's own images by their names */
  offer({
    takesPictures,
    samples,
  }: {
    readonly takesPictures: boolean;
    readonly samples: ReadonlyMap<string, string>;
  }): void {
    this.#takesPictures = takesPictures;
    byId("picture-source", HTMLDivElement).hidden = !takesPictures;
    byId("samples", HTMLDivElement).hidden = samples.size === 0;
    const entries = [...samples];
    const buttons = entries.map(([name, address]) => {
      const image = element("img", { src: address, alt: "", loading: "lazy" });
      const button = element(
        "button",
        { type: "button", "aria-label": `Sample ${name}`, title: name },
        image,
      );
      button.addEventListener("click", () => void this.#takeSamples([[name, address]]));
      return element("li", {}, button);
    });
    const all = element("button", { type: "button", class: "quiet" }, "Take all");
    all.addEventListener("click", () => void this.#takeSamples(entries));
    const rows = entries.length > 1 ? [...buttons, element("li", {}, all)] : buttons;
    byId("sample-list", HTMLUListElement).replaceChildren(...rows);
  }

  #listenForDrops(): void {
    const drop = byId("drop", HTMLDivElement);
    const holdsFiles = (event: DragEvent) =>
      this.#takesPictures && event.dataTransfer?.types.includes("Files") === true;
    document.addEventListener("dragover", (event) => {
      if (!holdsFiles(event)) return;
      event.preventDefault();
      drop.dataset.over = "";
    });
    document.addEventListener("dragleave", (event) => {
      if (event.relatedTarget === null) delete drop.dataset.over;
    });
    document.addEventListener("drop", (event) => {
      delete drop.dataset.over;
      if (!holdsFiles(event)) return;
      event.preventDefault();
      this.#take(event.dataTransfer?.files ?? []);
    });
  }

  #take(files: ArrayLike<File>): void {
    this.#options.onPictures(Array.from(files, (file) => ({ name: file.name, bytes: file })));
  }

  async #takeSamples(samples: readonly (readonly [name: string, address: string])[]): Promise<void> {
    const pictures = samples.map(async ([name, address]): Promise<Picture> => {
      // A sample that can't be had fails in its place: its bytes are no image.
      const bytes = await fetch(address)
        .then((answer) => answer.blob())
        .catch(() => new Blob());
      return { name, bytes, sample: address };
    });
    this.#options.onPictures(await Promise.all(pictures));
  }
}
