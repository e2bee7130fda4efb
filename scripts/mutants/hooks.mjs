// Gives one module with a change in its text; no file is written. `DSBM_MUTANT` is { url, start, end, to } as JSON.
import { env } from "node:process";

const mutant = JSON.parse(env.DSBM_MUTANT);

/** Node's hook of loaded modules. */
export async function load(url, context, next) {
  const loaded = await next(url, context);
  const { start, end, to } = mutant;
  if (url !== mutant.url) return loaded;
  const text = loaded.source.toString();
  return { ...loaded, source: text.slice(0, start) + to + text.slice(end) };
}
