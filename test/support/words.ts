/** The words of a text, as a shell would split it where nothing is quoted. */
export const wordsOf = (text: string): string[] => text.trim().split(/\s+/);
