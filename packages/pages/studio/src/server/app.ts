// Answers under http://127.0.0.1:<port>/<token>/.
import { RunError } from "@dsbm/runs";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Folder } from "../files/inside.js";
import { Exports } from "../play/exports.js";
import { detailStamp, readDetail } from "../runs/detail.js";
import { below } from "../runs/files.js";
import { MetricsTail } from "../runs/live.js";
import { RunTable } from "../runs/table.js";
import type { RunDetail } from "../shared/api.js";
import { guard, playerPolicy, strangerPolicy } from "./guard.js";
import type { PageFile } from "./pages.js";
import type { Streams } from "./streams.js";

interface AppOptions {
  folder: Folder;
  token: string;
  pages: ReadonlyMap<string, PageFile>;
  /** The folder of exports. */
  settings: string;
  /** The command that exports a run, without arguments; null: no exports. */
  exporter: readonly string[] | null;
  streams: Streams;
}

const pictureTypes: Readonly<Record<string, string>> = {
  png: "image/png",
  gif: "image/gif",
  svg: "image/svg+xml",
};
const html = "text/html; charset=utf-8";
const mostBytes = 64 << 20;
const mostBody = 64 << 10;

export function makeApp({ folder, token, pages, settings, exporter, streams }: AppOptions): Hono {
  const table = new RunTable(folder);
  const exports = new Exports({ folder, settings, exporter });
  const idOf = (c: Context) => c.req.query("run") ?? "";
  const detail = (id: string): RunDetail => {
    const row = table.row(id);
    if (!row) throw new RunError("not_found", "there is no such run in the folder");
    return readDetail(folder, row, table.logOf(id));
  };
  const answer = (c: Context, bytes: Buffer, type: string, policy = strangerPolicy) =>
    c.body(new Uint8Array(bytes), 200, { "Content-Type": type, "Content-Security-Policy": policy });
  const file = (c: Context, path: string, type: string) =>
    answer(c, folder.bytes(path, { limit: mostBytes }), type);

  const api = new Hono();
  api.use(bodyLimit({ maxSize: mostBody, onError: (c) => c.text("the body is too long", 413) }));
  api.get("/runs", (c) => c.json(table.changes(new Map())));
  api.get("/runs/events", (c) => {
    const seen = new Map<string, string>();
    let first = true;
    return streams.serve(c, {
      everyMs: 500,
      news() {
        const changes = table.changes(seen);
        const isNew = first || changes.rows.length > 0 || changes.removed.length > 0;
        first = false;
        return isNew ? [["rows", changes]] : [];
      },
    });
  });
  api.get("/run", (c) => c.json(detail(idOf(c))));
  api.get("/run/events", (c) => {
    const id = idOf(c);
    const metrics = new MetricsTail(folder, below(id, "metrics.jsonl"));
    detail(id);
    let stamp = "";
    let lastRow = "";
    return streams.serve(c, {
      everyMs: 400,
      news() {
        const news: [string, unknown][] = [];
        const part = metrics.read();
        if (part) news.push(["history", part]);
        const row = table.row(id);
        if (!row) return [...news, ["gone", null]];
        const log = table.logOf(id);
        const now = detailStamp(folder, row, log);
        const print = JSON.stringify({ ...row, seconds: 0 });
        if (now !== stamp) news.push(["detail", readDetail(folder, row, log)]);
        else if (print !== lastRow) news.push(["row", row]);
        [stamp, lastRow] = [now, print];
        return news;
      },
    });
  });
  api.get("/history", (c) => {
    const id = idOf(c);
    detail(id);
    return c.json(new MetricsTail(folder, below(id, "metrics.jsonl")).read());
  });
  api.get("/picture", (c) => {
    const name = c.req.query("file") ?? "";
    const type = pictureTypes[/^samples\/[^/]+\.(png|gif|svg)$/.exec(name)?.[1] ?? ""];
    if (!type) throw new RunError("not_found", "not an image of a run");
    return file(c, below(idOf(c), name), type);
  });
  // By the folder's path, so that links between reports of parts lead there.
  api.get("/reports/:path{(.+/)?report\\.html}", (c) => file(c, c.req.param("path"), html));
  api.get("/export", (c) => c.json(exports.state(idOf(c))));
  api.post("/export", async (c) => {
    await jsonOf(c);
    const id = idOf(c);
    detail(id);
    return c.json(exports.start(id));
  });
  api.get("/export/page", (c) =>
    answer(c, exports.page(c.req.query("id") ?? ""), html, playerPolicy),
  );

  const app = new Hono();
  app.use(guard(token));
  app.route("/:token/api", api);
  app.get("/:token/*", (c) => {
    const name = c.req.path.slice(token.length + 2);
    const page = pages.get(name === "" ? "index.html" : name);
    return page
      ? c.body(new Uint8Array(page.body), 200, { "Content-Type": page.type })
      : c.text("there is no such page", 404);
  });
  app.onError((error, c) => {
    if (error instanceof RunError)
      return c.text(error.message, error.code === "not_found" ? 404 : 400);
    console.error(error);
    return c.text("this is a bug in dsbm studio: see its terminal", 500);
  });
  return app;
}

/**
 * The body of a request that changes something. Throws RunError "bad_argument" if it is not JSON.
 */
async function jsonOf(c: Context): Promise<unknown> {
  const type = c.req.header("content-type") ?? "";
  if (!/^application\/json\b/.test(type))
    throw new RunError("bad_argument", "the body is not JSON");
  try {
    return JSON.parse(await c.req.text());
  } catch (cause) {
    throw new RunError("bad_argument", "the body is not valid JSON", { cause });
  }
}
