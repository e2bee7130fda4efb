// Answers under http://127.0.0.1:<port>/<token>/.
import { UserError } from "@dsbm/files";
import { RunError } from "@dsbm/runs";
import { type Context, Hono } from "hono";
import { Desk } from "../commands/desk.js";
import type { Exports } from "../commands/exports.js";
import type { Jobs } from "../commands/jobs.js";
import type { StudioProgram } from "../commands/requests.js";
import { requestOf } from "../commands/train.js";
import { listData } from "../files/data-places.js";
import type { Folder } from "../files/inside.js";
import { pathBelow } from "../files/walk.js";
import { readDetail } from "../runs/detail.js";
import { MetricsTail } from "../runs/live.js";
import { RunTable } from "../runs/table.js";
import type { RunDetail, RunRow, StudioState } from "../shared/api.js";
import { download } from "./download.js";
import { guard, playerPolicy, strangerPolicy } from "./guard.js";
import { writingRoutes } from "./writing.js";

/** A file of the page with its content type. */
export interface PageFile {
  type: string;
  body: Buffer;
}

interface AppOptions {
  folder: Folder;
  token: string;
  pages: ReadonlyMap<string, PageFile>;
  exports: Exports;
  jobs: Jobs;
  program: StudioProgram;
  isReadOnly: boolean;
}

const pictureTypes: Readonly<Record<string, string>> = {
  png: "image/png",
  gif: "image/gif",
  svg: "image/svg+xml",
};
const html = "text/html; charset=utf-8";
const mostBytes = 64 << 20;

/** The routes of the studio. Requests for missing runs and files are answered with 404; handlers throw RunError. */
export function makeApp(options: AppOptions): Hono {
  const { folder, token, pages, exports, jobs, program, isReadOnly } = options;
  const table = new RunTable(folder);
  const desk = new Desk(folder, table, jobs, program);
  const tails = new Map<string, MetricsTail>();
  const idOf = (c: Context) => c.req.query("run") ?? "";
  const rowOf = (id: string): RunRow => {
    const row = table.row(id);
    if (!row) throw new RunError("not_found", `there is no run ${id} in the folder`);
    return row;
  };
  const detailOf = (id: string): RunDetail => {
    const row = rowOf(id);
    for (const known of tails.keys()) if (!table.row(known)) tails.delete(known);
    const tail = tails.get(id) ?? new MetricsTail(folder, pathBelow(id, "metrics.jsonl"));
    tails.set(id, tail);
    return { ...readDetail(folder, row), fit: requestOf(desk, id), history: tail.read() };
  };
  const answer = (c: Context, bytes: Buffer, type: string, policy = strangerPolicy) =>
    c.body(new Uint8Array(bytes), 200, { "Content-Type": type, "Content-Security-Policy": policy });
  const file = (c: Context, path: string, type: string) =>
    answer(c, folder.bytes(path, { limit: mostBytes }), type);

  const api = new Hono();
  api.get("/runs", (c) =>
    c.json({ ...table.scan(), job: jobs.view, isReadOnly } satisfies StudioState),
  );
  api.get("/files", (c) => c.json(listData(folder)));
  api.get("/keys", (c) => c.json(program.fitKeys));
  api.get("/output", (c) => download(folder, rowOf(idOf(c)).id, c.req.query("file") ?? ""));
  api.route("/", writingRoutes(desk));
  api.get("/run", (c) => c.json((c.req.queries("run") ?? [""]).map(detailOf)));
  api.get("/picture", (c) => {
    const name = c.req.query("file") ?? "";
    const type = pictureTypes[/^samples\/[^/]+\.(png|gif|svg)$/.exec(name)?.[1] ?? ""];
    if (!type) throw new RunError("not_found", "not an image of a run");
    return file(c, pathBelow(idOf(c), name), type);
  });
  // By the folder's path, so that links between reports of parts lead there.
  api.get("/reports/:path{(.+/)?report\\.html}", (c) => file(c, c.req.param("path"), html));
  api.get("/play", async (c) =>
    answer(c, await exports.page(rowOf(idOf(c)).id), html, playerPolicy),
  );

  const app = new Hono();
  app.use(guard(token, isReadOnly));
  app.route("/:token/api", api);
  app.get("/:token/*", (c) => {
    const name = c.req.path.slice(token.length + 2);
    const page = pages.get(name === "" ? "index.html" : name);
    return page
      ? c.body(new Uint8Array(page.body), 200, { "Content-Type": page.type })
      : c.text("there is no such page", 404);
  });
  app.onError(faultAnswer);
  return app;
}

/** What a page hears of an error. */
function faultAnswer(error: Error, c: Context) {
  // Nobody waits for the answer.
  if (c.req.raw.signal.aborted) return c.text("", 400);
  const isMissing = error instanceof RunError && error.code === "not_found";
  if (error instanceof UserError) return c.text(error.message, isMissing ? 404 : 400);
  console.error(error);
  return c.text("this is a bug in dsbm studio: see its terminal", 500);
}
