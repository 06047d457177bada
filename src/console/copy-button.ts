import { byId } from "./element.ts";

/** Makes the button copy the command. */
export function listenForCopies(): void {
  const button = byId("copy", HTMLButtonElement);
  const text = byId("curl-text", HTMLTextAreaElement);
  button.addEventListener("click", async () => {
    button.textContent = (await copy(text)) ? "Copied" : "Press Ctrl+C";
  });
  button.addEventListener("blur", () => {
    button.textContent = "Copy";
  });
}

/** Pages that came without TLS from another machine have no clipboard: they select the text. */
async function copy(text: HTMLTextAreaElement): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text.value);
    return true;
  } catch {
    text.select();
    return false;
  }
}
