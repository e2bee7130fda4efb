// What tests of bars and of verdicts in reports share.

/** As a page has it: a number stays next to its percent sign. */
export const unbroken = (text: string) => text.replaceAll(" %", "\u00a0%");

/** Four fifths of the way, from 70 % to 90 %. */
export const excessRow = { value: 0.2, low: 0.1, high: 0.3, power: 1, more: null, isSquared: true };
