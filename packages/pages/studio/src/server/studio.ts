// The loopback only, a new token each time, our pages in memory.
import { randomBytes } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { RunError } from "@dsbm/runs";
import { createAdaptorServer } from "@hono/node-server";
import { Exports } from "../commands/exports.js";
import { Jobs } from "../commands/jobs.js";
import type { StudioProgram } from "../commands/requests.js";
import { Folder } from "../files/inside.js";
import { makeApp, type PageFile } from "./app.js";

/** The port that is tried first, so that a tunnel or a bookmark finds it again. */
const usualPort = 4747;
const host = "127.0.0.1";
const mostStrangers = 64;

/** What a studio shows, and where. */
export interface StudioOptions {
  folder: string;
  /** The port, 0 for any (default: 4747, or any other if 4747 is taken). */
  port?: number;
  /** Whether the studio only shows (default: false). */
  isReadOnly?: boolean;
  /** The program that does its work. */
  program: StudioProgram;
}

/** A running server. */
export interface Studio {
  readonly address: string;
  close(): Promise<void>;
}

/**
 * Serves the runs below a folder.
 * @throws {RunError} if it cannot open the folder or the port.
 */
export async function startStudio(options: StudioOptions): Promise<Studio> {
  const { port, program, isReadOnly = false } = options;
  const folder = openFolder(options.folder);
  const exports = new Exports(folder, program.program);
  const jobs = new Jobs(program.program);
  const token = randomBytes(24).toString("base64url");
  const app = makeApp({
    token,
    exports,
    jobs,
    program,
    isReadOnly,
    pages: readPages(),
    folder,
  });
  const server = createAdaptorServer({
    fetch: app.fetch,
    serverOptions: {
      maxHeaderSize: 16 << 10,
      // A large file may come through a slow tunnel.
      requestTimeout: 900_000,
      headersTimeout: 10_000,
      connectionsCheckingInterval: 2000,
    },
  }) as Server;
  limitStrangers(server, token);
  const at = await listen(server, port);
  return {
    address: `http://${host}:${at}/${token}/`,
    async close() {
      await jobs.close();
      exports.close();
      await new Promise<void>((done) => {
        server.close(() => done());
        (server as Server & { closeAllConnections?(): void }).closeAllConnections?.();
      });
    },
  };
}

/** Ends the oldest connection that has not shown the token, if there are many: they must not keep our pages out. */
function limitStrangers(server: Server, token: string): void {
  const strangers = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    strangers.add(socket);
    socket.once("close", () => strangers.delete(socket));
    const [oldest] = strangers;
    if (strangers.size > mostStrangers) oldest?.destroy();
  });
  server.on("request", ({ url, socket }: IncomingMessage) => {
    if (url?.startsWith(`/${token}/`)) strangers.delete(socket);
  });
}

function openFolder(folder: string): Folder {
  try {
    return new Folder(folder);
  } catch (cause) {
    const expected = "give a folder with runs, such as experiments";
    throw new RunError("not_found", `there is no folder ${folder}: ${expected}`, { cause });
  }
}

async function listen(server: Server, port: number | undefined): Promise<number> {
  const attempt = (requestedPort: number) =>
    new Promise<number>((done, fail) => {
      server.once("error", fail);
      server.listen(requestedPort, host, () => {
        server.off("error", fail);
        done((server.address() as AddressInfo).port);
      });
    });
  try {
    return await attempt(port ?? usualPort);
  } catch (cause) {
    if (port === undefined) return attempt(0);
    const reason = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new RunError(
      "bad_argument",
      `port ${port} cannot be used (${reason}): give another, or leave port= out`,
      { cause },
    );
  }
}

const bundle = fileURLToPath(new URL("../../dist/bundle/", import.meta.url));
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
};

/**
 * Our pages by file name.
 * @throws {RunError} if they are not built.
 */
function readPages(): ReadonlyMap<string, PageFile> {
  if (!existsSync(join(bundle, "index.html")))
    throw new RunError("not_found", `the studio has no pages in ${bundle}: run npm run build`);
  const pageFiles = readdirSync(bundle).map((name): [string, PageFile] => {
    const body = readFileSync(join(bundle, name));
    return [name, { type: types[extname(name)] ?? "text/plain", body }];
  });
  return new Map(pageFiles);
}
