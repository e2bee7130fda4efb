export interface TortureResult {
  kills: number;
  compared: number;
  moments: Record<string, number>;
  wrong: string[];
}
export function torture(options: {
  kills: number;
  seed?: number;
  say?: (text: string) => void;
}): Promise<TortureResult>;
/** What the only run below a folder of experiments learnt and reported, but for what depends on the clock. */
export function outcome(experiments: string): Record<string, unknown>;
