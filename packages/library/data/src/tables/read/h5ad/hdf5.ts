export type H5 = typeof import("h5wasm/node");
export type Group = InstanceType<H5["Group"]>;
export type Dataset = InstanceType<H5["Dataset"]>;
export type Entity = ReturnType<Group["get"]>;

/** Opens a file to read or to extend it. */
export async function openH5(path: string, mode: "r" | "a") {
  const h5 = await import("h5wasm/node");
  // Errors are thrown with HDF5's own texts, and not printed.
  (await h5.ready).activate_throwing_error_handler();
  // The earliest version, as anndata writes it, has no checksums.
  const libver: ["earliest", "latest"] = ["earliest", "latest"];
  return { h5, file: new h5.File(path, mode, { libver }) };
}

/**
 * A member of a group; null for an unknown name. Throws for a link, which could lead outside the
 * file.
 */
export function child(group: Group, name: string): Entity {
  if (!group.keys().includes(name)) return null;
  const path = `${group.path}/${name}`.replace("//", "/");
  if (group.get_link(path) !== null || group.get_external_link(path).filename !== undefined)
    throw new Error(`${path} is a link, maybe to another file: copy the data into this file`);
  const entity = group.get(name);
  // Unopened sources would read as zeros.
  const { virtual_sources } =
    (entity as { metadata?: { virtual_sources?: unknown[] } }).metadata ?? {};
  if (virtual_sources?.length)
    throw new Error(`${path} is a view of other data: copy them into this file`);
  return entity;
}
