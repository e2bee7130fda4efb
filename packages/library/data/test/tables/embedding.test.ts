// Coordinates of two files: whether one model made them.
import { expect, it } from "vitest";
import { checkOneModel, embeddingNotes } from "../../src/tables/embedding.js";
import { refusal } from "../files.js";

const pca = (more: object = {}) => ({
  name: "X_pca",
  loadings: { a: [1, 0.5], b: [0.2, -1], c: [0.1, 0.3] },
  variances: [4, 2],
  isCentred: true,
  ...more,
});
const turnedLoadings = { a: [-1, 0.5], b: [-0.2, -1], c: [-0.1, 0.3] };
const renamedLoadings = { x: [1, 0.5], y: [0.2, -1], z: [0.1, 0.3] };
const noModel = { loadings: null, variances: null };
it.each<[string, object, object, RegExp | null, RegExp | null]>([
  ["the same loadings", {}, {}, null, null],
  [
    "loadings of another sign",
    {},
    { loadings: turnedLoadings },
    /s\.h5ad and t\.h5ad: .*two PCAs/,
    null,
  ],
  ["other columns and the same variances", {}, { loadings: renamedLoadings }, null, null],
  ["other variances", { loadings: null }, { variances: [4, 3] }, /data\.components=50/, null],
  ["means of 0 in both files", noModel, noModel, null, /has mean 0 in each file/],
  [
    "nothing to compare",
    noModel,
    { ...noModel, isCentred: false },
    null,
    /do not say whether one model/,
  ],
])(
  "tells the models of two files with %s apart, or says that it cannot",
  (_, a, b, problem, note) => {
    const files = { s: pca(a), t: pca(b) };
    const [source, target] = Object.entries(files).map(([name, embedding]) => ({
      path: `${name}.h5ad`,
      digest: name,
      embedding,
    }));
    const check = () => checkOneModel(source, target);
    if (problem) expect(check).toThrow(refusal("BadTable", problem));
    else expect(check).not.toThrow();
    expect(embeddingNotes(source, target).join()).toMatch(note ?? /^$/);
    expect(embeddingNotes(source, source)).toEqual([]);
  },
);
