// Transforms of values before they are standardised, and back.

/** A transform of values from 0 on: log(1 + x), or the square root. */
export type ValueTransform = "log1p" | "sqrt";

const signedSquare = (y: number): number => y * Math.abs(y);

/** A transform of single values; `undo` continues below 0, where generated values may lie. */
export const transformOfValue: Readonly<
  Record<ValueTransform, { apply(value: number): number; undo(value: number): number }>
> = {
  log1p: { apply: Math.log1p, undo: Math.expm1 },
  sqrt: { apply: Math.sqrt, undo: signedSquare },
};

/** Which transform values have: none, or one of two. */
export interface TransformFlags {
  /** Whether values are log(1 + x). */
  log1p: boolean;
  /** Whether values are √x (default: not). */
  sqrt?: boolean | undefined;
}

/** Converts a transformed value to the data's own units. */
export function undoValue({ log1p, sqrt }: TransformFlags): (value: number) => number {
  if (log1p) return transformOfValue.log1p.undo;
  return sqrt ? transformOfValue.sqrt.undo : (value) => value;
}
