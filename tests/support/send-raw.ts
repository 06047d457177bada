import { once } from "node:events";
import net from "node:net";

/** Sends bytes on a socket of its own and returns what comes back until the server closes it. */
export async function sendRaw(port: number, text: string): Promise<string> {
  const socket = net.connect(port, "127.0.0.1");
  let received = "";
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
  });
  socket.write(text);
  await once(socket, "close");
  return received;
}
