export type H5 = typeof import("h5wasm/node");
export type Group = InstanceType<H5["Group"]>;
export type Dataset = InstanceType<H5["Dataset"]>;
export type Entity = ReturnType<Group["get"]>;

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
