/** Texts of the files that the packages read, by path. bundle.mjs fills them in. */
export const runAssets: Readonly<Record<string, string>> = {};
