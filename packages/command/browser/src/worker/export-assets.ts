/** Texts of the scripts of an exported page, by path. bundle.mjs fills them in. */
export const exportAssets: Readonly<Record<string, string>> = {};
