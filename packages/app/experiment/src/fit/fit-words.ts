// What the words of `dsbm fit` say.

/** What the words say: settings and switches as they are typed, places as keys. */
export interface FitWords {
  tokens: string[];
  /** The keys that are set by words. */
  given: ReadonlySet<string>;
  /** The words as they were typed, of those that the command line makes of them. */
  typed(words: readonly string[]): string[];
}
