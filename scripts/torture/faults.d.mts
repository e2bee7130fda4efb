/** See faults.mjs. */
export function faults(options: {
  points: number;
  names?: readonly string[];
  kinds?: readonly string[] | undefined;
  say?: (text: string) => void;
}): Promise<{ injected: Record<string, number>; wrong: string[] }>;
