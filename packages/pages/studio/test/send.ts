// Requests as they are written.
import { request } from "node:http";

/** A request. */
export interface Sent {
  path: string;
  method?: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
}

/** A request as it is written, without any tidying of its path. */
export const sendTo = (port: number, { path, method = "GET", headers = {}, body }: Sent) =>
  new Promise<{ status: number; text: string; headers: Record<string, unknown> }>((done) => {
    const options = { host: "127.0.0.1", port, path, method, headers, agent: false };
    const sent = request(options, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      answer.on("end", () =>
        done({ status: answer.statusCode ?? 0, text, headers: answer.headers }),
      );
      answer.on("error", () => done({ status: 0, text, headers: {} }));
    });
    // A server that has heard enough closes the connection while more is being sent.
    sent.on("socket", (socket) => socket.on("error", () => {}));
    sent.on("error", () => done({ status: 0, text: "", headers: {} }));
    sent.end(body);
  });
