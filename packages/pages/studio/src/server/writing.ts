// The routes of requests that write.
import { RunError } from "@dsbm/runs";
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { Desk } from "../commands/desk.js";
import { takeUpload } from "../files/data-places.js";
import { actionsOf } from "./actions.js";

/** Columns of a wide row are the longest body. */
const longestBody = 4 << 20;

async function readBody(c: Context): Promise<unknown> {
  try {
    return await c.req.json();
  } catch {
    return undefined;
  }
}

/** Answers POST requests of pages that may write. Handlers throw RunError, and UserErrors of options. */
export function writingRoutes(desk: Desk): Hono {
  const api = new Hono();
  api.post("/upload", async (c) => {
    const body = c.req.raw.body as AsyncIterable<Uint8Array> | null;
    return c.json(await takeUpload(desk.folder, c.req.query("name") ?? "", body ?? noBytes()));
  });
  const onError = (c: Context) => c.text("the request is too long", 413);
  for (const [name, { schema, answer }] of Object.entries(actionsOf(desk)))
    api.post(`/${name}`, bodyLimit({ maxSize: longestBody, onError }), async (c) => {
      const { success, data, error } = schema.safeParse(await readBody(c));
      const [issue] = error?.issues ?? [];
      if (!success)
        throw new RunError("bad_argument", `${issue?.path.join(".")}: ${issue?.message}`);
      return c.json((await answer(data, c.req.raw.signal)) ?? null);
    });
  return api;
}

async function* noBytes(): AsyncIterable<Uint8Array> {}
