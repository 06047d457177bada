import { describe, expect, test } from "vitest";
import { request } from "../support/http-client.ts";
import { temporaryModelFolder } from "../support/model-folder.ts";
import { classifier } from "../support/onnx/image-models.ts";
import { openPorts } from "../support/open-ports.ts";
import { ServingProcess } from "../support/serving-process.ts";
import { DIGITS_DIR } from "../support/start-server.ts";

const SERVE = ["serve", "--port=0", "--host=127.0.0.1", `--model-dir=${DIGITS_DIR}`];

/** Has the process send itself the signal as soon as its first file has run, while it imports the others. */
const SIGNAL_AT_START = {
  NODE_OPTIONS:
    "--import=data:text/javascript,process.on('newListener',(name)=>{name==='SIGINT'&&setImmediate(()=>process.kill(process.pid,'SIGUSR1'))})",
};

/** A handler whose thread sends the signal. */
const SIGNAL_FROM_WORKER = `
process.kill(process.pid, "SIGUSR1");
export const postprocess = () => 1;
`;

// Node's inspector says on standard error that it listens.
describe("SIGUSR1, on which Node opens its debugger by default", () => {
  test("opens none while the server starts, nor when it answers, and ends nothing", async () => {
    const server = new ServingProcess(SERVE, SIGNAL_AT_START);
    const url = await server.listening();
    server.child.kill("SIGUSR1");
    expect((await request(`${url}/livez`)).status).toBe(200);
    if (process.platform === "linux") {
      expect(openPorts(server.child.pid ?? 0)).toEqual([Number(new URL(url).port)]);
    }
    server.child.kill("SIGTERM");
    const { code, stderr } = await server.finished();
    expect([code, stderr]).toEqual([0, ""]);
  });

  test("opens none in check, from a worker thread", async () => {
    const folder = temporaryModelFolder({ "model.onnx": classifier(), "handler.mjs": SIGNAL_FROM_WORKER });
    const { code, stderr } = await new ServingProcess(["check", folder]).finished();
    expect([code, stderr]).toEqual([0, ""]);
  });
});
