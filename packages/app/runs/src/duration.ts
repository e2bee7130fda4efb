// Times for readers. Pages in a browser take this file too: it imports nothing.

/** Seconds as 42s, 3m07s, 1h05m or 5d03h. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "–";
  const s = Math.max(0, Math.round(seconds));
  const pad = (n: number) => String(n).padStart(2, "0");
  if (s < 60) return `${s}s`;
  if (s < 3600) return `${Math.floor(s / 60)}m${pad(s % 60)}s`;
  if (s < 360_000) return `${Math.floor(s / 3600)}h${pad(Math.floor((s % 3600) / 60))}m`;
  return `${Math.floor(s / 86_400)}d${pad(Math.floor((s % 86_400) / 3600))}h`;
}

/** Estimated seconds of the remaining steps, at `rate` steps per second. */
export const secondsLeft = (steps: number, rate: number): number => steps / rate;
