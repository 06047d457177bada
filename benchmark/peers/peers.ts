import type { WireName } from "../wires.ts";
import type { EnvironmentName } from "./python-environment.ts";

/** A server that we measure ours against. */
export interface Peer {
  readonly title: string;
  readonly environment: EnvironmentName;
  readonly graph: "onnx" | "torchscript";
  /** Another program that must be there, with the arguments that show it is. */
  readonly needs?: readonly string[];
  readonly wire: WireName;
  /** Answers 200 when the model is ready. */
  readonly readyPath: string;
  /** A program of its environment and its arguments, run in the peer's own folder. `$NAME` is a variable below. */
  readonly command: readonly string[];
  /** Besides PORT, PORT_2, PORT_3, WORKERS, MODEL_PATH, TORCHSCRIPT_PATH and SCRATCH, a folder. */
  readonly variables?: Readonly<Record<string, string>>;
  /** How it is set up, in words. */
  readonly settings: string;
}

/**
 * What is started, each in its folder of the same name. WORKERS is the number of cores everywhere; why each is
 * set as it is stands in README.md.
 */
export const PEERS = {
  starlette: {
    title: "Starlette + PyTorch",
    environment: "general",
    graph: "torchscript",
    wire: "analyze",
    readyPath: "/analyze",
    command: ["python", "server.py"],
    settings:
      "fastai-serving's shape: 1 process, thread pool of cores threads, 1 torch thread each, TorchScript optimised for inference, no batching across requests",
  },
  litserve: {
    title: "LitServe",
    environment: "general",
    graph: "onnx",
    wire: "predict",
    readyPath: "/health",
    command: ["python", "server.py"],
    settings: "workers_per_device = cores, 1 ONNX Runtime thread each, no batching across requests",
  },
  bentoml: {
    title: "BentoML",
    environment: "general",
    graph: "onnx",
    wire: "multipart",
    readyPath: "/readyz",
    command: ["bentoml", "serve", "service:Tiles", "--host", "127.0.0.1", "--port", "$PORT"],
    variables: { BENTOML_HOME: "$SCRATCH", BENTOML_DO_NOT_TRACK: "True" },
    settings:
      "workers = cores, 1 ONNX Runtime thread each, images as parts of a multipart body, no batching across requests",
  },
  mlserver: {
    title: "MLServer",
    environment: "v2",
    graph: "onnx",
    wire: "v2",
    readyPath: "/v2/models/tiles/ready",
    command: ["mlserver", "start", "."],
    variables: {
      MLSERVER_HOST: "127.0.0.1",
      MLSERVER_HTTP_PORT: "$PORT",
      MLSERVER_GRPC_PORT: "$PORT_2",
      MLSERVER_METRICS_PORT: "$PORT_3",
      MLSERVER_METRICS_DIR: "$SCRATCH",
      MLSERVER_PARALLEL_WORKERS: "$WORKERS",
      MLSERVER_DEBUG: "false",
    },
    settings:
      "custom runtime, parallel_workers = cores, 1 ONNX Runtime thread each, no batching across requests (its default)",
  },
  kserve: {
    title: "KServe's Python server",
    environment: "general",
    graph: "onnx",
    wire: "v1",
    readyPath: "/v1/models/tiles",
    command: ["python", "server.py"],
    settings:
      "custom predictor, workers = cores, 1 ONNX Runtime thread each, no batching across requests (it has none)",
  },
  torchserve: {
    title: "TorchServe",
    environment: "general",
    graph: "torchscript",
    needs: ["java", "-version"],
    wire: "torchserve",
    readyPath: "/ping",
    command: ["python", "start.py"],
    // It keeps its sockets and the number of its process in the folder for temporary files.
    variables: { TMPDIR: "$SCRATCH", TEMP: "$SCRATCH" },
    settings:
      "workers = cores, 1 torch thread each, TorchScript optimised for inference, batchSize 1 (its default), JSON envelope",
  },
  triton: {
    title: "Triton (PyTriton)",
    environment: "v2",
    graph: "onnx",
    wire: "v2Binary",
    readyPath: "/v2/models/tiles/ready",
    command: ["python", "server.py"],
    settings:
      "Python backend, 1 inference callable for each core, 1 ONNX Runtime thread each, dynamic batching without delay up to 16, binary tensors",
  },
} as const satisfies Record<string, Peer>;

export type PeerName = keyof typeof PEERS;

/** What people would look for here, and why it is not. */
export const ABSENT: Readonly<Record<string, string>> = {
  "TensorFlow Serving":
    "PyPI has tensorflow-serving-api, the client's stubs; the server comes as a container image or a Debian package",
  "OpenVINO Model Server":
    "PyPI has ovmsclient, a client; the server comes as a container image or an archive",
  "Triton's onnxruntime backend":
    "the server binary in PyTriton's wheel comes with the Python backend alone; the others are in NVIDIA's container image",
};
