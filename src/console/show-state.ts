import { byId } from "./element.ts";
import type { ServerState } from "./server-watch.ts";

const TEXTS: Readonly<Record<string, string>> = {
  LOADING: "Loading the model",
  DRAINING: "Stopping",
  FAILED: "Failed",
};

/** Says what the server is doing. Said aloud only when it changes. */
export function showState(state: ServerState): void {
  const shown = byId("state", HTMLParagraphElement);
  const text = describe(state);
  shown.dataset.state = state.kind;
  if (shown.textContent !== text) shown.textContent = text;
}

function describe(state: ServerState): string {
  switch (state.kind) {
    case "ready":
      return "Ready";
    case "gone":
      return "No answer from the server; asking again";
    case "not-ready": {
      const text = TEXTS[state.state] ?? "Not ready";
      return state.error === undefined ? text : `${text}: ${state.error}`;
    }
  }
}
