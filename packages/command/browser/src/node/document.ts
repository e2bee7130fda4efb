// As much of a document as figures need: elements with attributes and children, written as markup.
interface Parent {
  children: (FigureElement | Text)[];
}

const escapeText = (text: string): string =>
  text.replace(/[&<>"\u00a0]/g, (c) => (c === "\u00a0" ? "&#160;" : `&#${c.charCodeAt(0)};`));

class Text {
  parentNode: FigureElement | null = null;
  constructor(public textContent: string) {}

  get outerHTML(): string {
    return escapeText(this.textContent);
  }
}

/** An element, without selectors but names. */
class FigureElement implements Parent {
  parentNode: FigureElement | null = null;
  children: (FigureElement | Text)[] = [];
  readonly #attributes = new Map<string, string>();
  readonly style = {
    setProperty: (name: string, value: string) =>
      this.setAttribute("style", `${this.getAttribute("style") ?? ""}${name}:${value};`),
    removeProperty: () => {},
  };

  constructor(
    readonly ownerDocument: FigureDocument,
    readonly namespaceURI: string,
    readonly tagName: string,
  ) {}

  get nodeName(): string {
    return this.tagName;
  }
  get ownerSVGElement(): FigureElement | null {
    return this.parentNode?.tagName === "svg"
      ? this.parentNode
      : (this.parentNode?.ownerSVGElement ?? null);
  }
  get firstChild(): FigureElement | Text | null {
    return this.children[0] ?? null;
  }
  get lastChild(): FigureElement | Text | null {
    return this.children.at(-1) ?? null;
  }
  get childNodes(): readonly (FigureElement | Text)[] {
    return this.children;
  }
  get textContent(): string {
    return this.children.map(({ textContent }) => textContent).join("");
  }
  set textContent(text: string) {
    this.children = [];
    if (text !== "") this.append(text);
  }

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }
  hasAttribute(name: string): boolean {
    return this.#attributes.has(name);
  }
  setAttribute(name: string, value: unknown): void {
    this.#attributes.set(name, String(value));
  }
  setAttributeNS(_: string, name: string, value: unknown): void {
    this.setAttribute(name, value);
  }
  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }

  insertBefore<T extends FigureElement | Text>(child: T, next: FigureElement | Text | null): T {
    child.parentNode?.removeChild(child);
    const at = next ? this.children.indexOf(next) : -1;
    this.children.splice(at < 0 ? this.children.length : at, 0, child);
    child.parentNode = this;
    return child;
  }
  appendChild<T extends FigureElement | Text>(child: T): T {
    return this.insertBefore(child, null);
  }
  append(...items: (FigureElement | Text | string)[]): void {
    for (const item of items) this.appendChild(typeof item === "string" ? new Text(item) : item);
  }
  removeChild(child: FigureElement | Text): void {
    this.children = this.children.filter((one) => one !== child);
    child.parentNode = null;
  }
  remove(): void {
    this.parentNode?.removeChild(this);
  }

  querySelectorAll(name: string): FigureElement[] {
    return this.children.flatMap((child) =>
      child instanceof FigureElement
        ? [...(child.tagName === name ? [child] : []), ...child.querySelectorAll(name)]
        : [],
    );
  }
  querySelector(name: string): FigureElement | null {
    return this.querySelectorAll(name)[0] ?? null;
  }

  get outerHTML(): string {
    const attributes = [...this.#attributes].map(
      ([name, value]) => ` ${name}="${escapeText(value)}"`,
    );
    const inside = this.children.map(({ outerHTML }) => outerHTML).join("");
    return `<${this.tagName}${attributes.join("")}>${inside}</${this.tagName}>`;
  }
}

class FigureDocument {
  readonly documentElement = new FigureElement(this, "http://www.w3.org/1999/xhtml", "html");

  createElementNS(namespace: string, name: string): FigureElement {
    return new FigureElement(this, namespace, name);
  }
  createElement(name: string): FigureElement {
    return new FigureElement(this, this.documentElement.namespaceURI, name);
  }
  createTextNode(text: string): Text {
    return new Text(text);
  }
}

/** As linkedom's, without a text. */
export const parseHTML = () => ({ document: new FigureDocument() });
