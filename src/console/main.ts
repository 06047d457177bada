import type { Drawing } from "./answer-view.ts";
import { ControlPanel } from "./control-panel.ts";
import { listenForCopies } from "./copy-button.ts";
import { curlCommand } from "./curl-command.ts";
import { byId } from "./element.ts";
import { Gallery } from "./gallery.ts";
import { limitConcurrency } from "./limit-concurrency.ts";
import { ModelChoice } from "./model-choice.ts";
import type { Picture, Send } from "./picture-card.ts";
import { PictureSource } from "./picture-source.ts";
import { sendPicture } from "./send-picture.ts";
import { ServerApi, ServerError } from "./server-api.ts";
import { ServerWatch } from "./server-watch.ts";
import { showState } from "./show-state.ts";
import { TensorForm } from "./tensor-form.ts";
import { toBase64 } from "./to-base64.ts";
import { TrafficCharts } from "./traffic-charts.ts";

/** Requests at once: enough for batches, and few beside those of other clients. */
const MOST_REQUESTS = 4;

/** Images on the page at once. */
const MOST_PICTURES = 200;

const api = new ServerApi(document.baseURI);
const inTurn = limitConcurrency(MOST_REQUESTS);
const charts = new TrafficCharts();
const tensors = new TensorForm(api);

const choice = new ModelChoice({
  api,
  onChosen: ({ path, described }) => {
    const { model, inputs } = described;
    const samples = new Map(
      model.samples.map((name) => [
        name,
        api.address(`console/samples/${path.replace("v1/models/", "")}/${encodeURIComponent(name)}`),
      ]),
    );
    const takesPictures = model.accepts?.pictures === true;
    source.offer({ takesPictures, samples });
    tensors.offer({ path, inputs, isOffered: !takesPictures });
    controls.setModel(model);
    if (!takesPictures) gallery.clear();
    gallery.askAll();
    watch.restart();
  },
});

const controls = new ControlPanel({
  onAsk: () => gallery.askAll(),
  onDraw: () => gallery.drawAll(),
  onClear: () => gallery.clear(),
});

/** There are images only where there is a model. */
function drawing(): Drawing {
  const { view, threshold } = controls;
  const model = choice.chosen?.described.model;
  if (view === undefined || model === undefined) throw new Error("an image without a model");
  return { model, view, threshold, isHidden: (index) => controls.isHidden(index) };
}

const send: Send = (picture, { signal, onWaiting }) =>
  inTurn(async () => {
    signal.throwIfAborted();
    const { view, model } = drawing();
    const { signature, parameters } = view;
    const hasLines = model.batching.kind === "rows";
    const instances = [{ b64: await toBase64(picture.bytes) }];
    const body = JSON.stringify({ signature_name: signature, parameters, instances });
    refuseTooLarge(body.length);
    const path = choice.chosen?.path ?? "";
    let ms = 0;
    const prediction = await sendPicture({
      send: async (signal) => {
        const startMs = performance.now();
        const answer = await api.predict(path, body, { hasLines, signal });
        ms = performance.now() - startMs;
        return answer;
      },
      wait,
      onWaiting,
      signal,
    });
    return { prediction, ms };
  });

/** As the server would, which need not be sent so much for it. */
function refuseTooLarge(bytes: number): void {
  const most = choice.chosen?.described.model.limits.max_body_bytes ?? Number.POSITIVE_INFINITY;
  if (bytes <= most) return;
  const mebibytes = (count: number) => `${(count / 2 ** 20).toFixed(1)} MiB`;
  throw new ServerError({
    status: 413,
    code: "BODY_TOO_LARGE",
    message: `its request would have ${mebibytes(bytes)}, and the server takes ${mebibytes(most)} (MAX_BODY_BYTES)`,
  });
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

const gallery: Gallery = new Gallery({
  drawing,
  send,
  onChanged: () => {
    const { pictures, classes } = gallery;
    controls.showPictures({ count: pictures.length, classes: controls.view?.kind === "mask" ? classes : [] });
    showCurl(pictures);
  },
});

const source = new PictureSource({
  onPictures: (pictures) => {
    const room = MOST_PICTURES - gallery.pictures.length;
    if (pictures.length > room)
      choice.tell(`The page holds ${MOST_PICTURES} images: the first ${room} were taken.`);
    gallery.add(pictures.slice(0, room));
  },
});

function showCurl(pictures: readonly Picture[]): void {
  byId("curl", HTMLElement).hidden = pictures.length === 0;
  const { view } = controls;
  if (pictures.length === 0 || view === undefined || choice.chosen === undefined) return;
  const own = pictures.filter(({ sample }) => sample === undefined);
  byId("curl-text", HTMLTextAreaElement).value = curlCommand({
    url: api.address(`${choice.chosen.path}:predict`),
    signature: view.signature,
    parameters: view.shown,
    files: [...new Set(own.map(({ name }) => name))],
    samples: [...new Set(pictures.flatMap(({ sample }) => sample ?? []))],
  });
  const hints = [
    ...(own.length === 0 ? [] : ["Run it in the folder of your images."]),
    ...(own.some(({ isPasted }) => isPasted) ? ["Save pasted images there first."] : []),
  ];
  byId("curl-hint", HTMLElement).textContent = hints.join(" ");
}

const watch = new ServerWatch({
  api,
  model: () => choice.name,
  onState: (state) => {
    showState(state);
    if (state.kind === "ready") choice.refresh();
  },
  onTraffic: (traffic) => charts.add(traffic),
});

listenForCopies();
watch.start();
