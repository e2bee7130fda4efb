import {
  child,
  type H5,
  type H5Dataset,
  type H5Entity,
  type H5Group,
} from "../../../files/hdf5.js";
import type { EmbeddingModel } from "../../embedding.js";

/** Columns whose loadings are compared: the first by name, as in every file with these columns. */
const mostColumns = 64;
const mostComponents = 8;

/** What a file says of the model behind the entry `name` of obsm. Returns null if the name is not an embedding. */
export function embeddingModel(
  h5: H5,
  file: H5Group,
  { name, genes }: { name: string; genes: readonly string[] | null },
): EmbeddingModel | null {
  if (!/^X_|pca/i.test(name)) return null;
  const groupOf = (parent: H5Group, member: string) => {
    const group = child(parent, member);
    return group instanceof h5.Group ? group : null;
  };
  const varm = groupOf(file, "varm");
  const uns = groupOf(file, "uns");
  const isPca = name === "X_pca";
  const loadings = varm && child(varm, isPca ? "PCs" : name);
  const model = uns && groupOf(uns, isPca ? "pca" : name);
  const variance = model && child(model, "variance");
  return {
    name,
    loadings: genes && loadingsOf(h5, loadings, genes),
    variances: variance instanceof h5.Dataset ? numbersOf(variance, mostComponents) : null,
  };
}

/** The first numbers of a dataset [k]; null for other shapes. */
function numbersOf(dataset: H5Dataset, most: number): number[] | null {
  const [length = 0, ...rest] = dataset.shape ?? [];
  if (length === 0 || rest.length > 0) return null;
  return Array.from(dataset.slice([[0, Math.min(most, length)]]) as ArrayLike<number>, Number);
}

/** Loadings of some of the columns that the model used. */
function loadingsOf(
  h5: H5,
  loadings: H5Entity,
  genes: readonly string[],
): EmbeddingModel["loadings"] {
  if (!(loadings instanceof h5.Dataset)) return null;
  const [rows = 0, components = 0] = loadings.shape ?? [];
  const width = Math.min(components, mostComponents);
  if (loadings.shape?.length !== 2 || rows !== genes.length || width === 0) return null;
  const values = loadings.slice([
    [0, rows],
    [0, width],
  ]) as ArrayLike<number>;
  const rowOf = (i: number) =>
    Array.from({ length: width }, (_, k) => Number(values[i * width + k]));
  const ranked = Array.from(genes, (name, i) => ({ name, i }))
    .filter(({ i }) => rowOf(i).some((x) => x !== 0))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(ranked.slice(0, mostColumns).map(({ name, i }) => [name, rowOf(i)]));
}
