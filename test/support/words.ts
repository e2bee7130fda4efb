/** Splits an unquoted text as a shell does. */
export const wordsOf = (text: string): string[] => text.trim().split(/\s+/);
