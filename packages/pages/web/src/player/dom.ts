type Child = Node | string | null;
type Listeners = {
  [name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[name]) => void;
};

/** Attributes of an element. */
export interface Props {
  class?: string;
  /** true: without a value; false and null: none. */
  [attribute: string]: string | number | boolean | null | undefined;
}

/** A new element with attributes and children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  props: Props = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props))
    if (value !== false && value !== null && value !== undefined)
      element.setAttribute(name, value === true ? "" : String(value));
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Adds listeners to an element; returns it. */
export function listen<E extends HTMLElement>(element: E, listeners: Listeners): E {
  for (const [name, listener] of Object.entries(listeners))
    element.addEventListener(name, listener as EventListener);
  return element;
}

let count = 0;
/** An id that no other element of the page has. */
export const uniqueId = (name: string): string => `dsbm-${name}-${++count}`;
