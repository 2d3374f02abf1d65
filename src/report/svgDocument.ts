import { escapeHtml } from "./escape.ts";

// As much of the DOM as Observable Plot and d3-selection ask for to make SVG text: elements are made,
// get attributes, styles and children, and are written. Nothing is parsed, laid out or searched.

const SVG = "http://www.w3.org/2000/svg";

/** `fontSize` → `font-size`, as CSS spells it. */
const cssName = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);

/** An element's own styles: by method or, as Plot does, by property. */
function styleOf(set: Map<string, string>): object {
  const methods = {
    setProperty: (name: string, value: unknown) => void set.set(cssName(name), `${value}`),
    removeProperty: (name: string) => void set.delete(cssName(name)),
  };
  return new Proxy(methods, {
    set(_, name, value) {
      methods.setProperty(String(name), value);
      return true;
    },
  });
}

class SvgText {
  parentNode: SvgElement | null = null;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get outerHTML(): string {
    return escapeHtml(this.text);
  }
}

type Child = SvgElement | SvgText;

class SvgElement {
  readonly ownerDocument: SvgDocument;
  readonly namespaceURI: string;
  readonly localName: string;
  readonly nodeType = 1;
  readonly childNodes: Child[] = [];
  readonly style: object;
  parentNode: SvgElement | null = null;
  readonly #attributes = new Map<string, string>();
  readonly #styles = new Map<string, string>();

  constructor(ownerDocument: SvgDocument, namespaceURI: string, localName: string) {
    this.ownerDocument = ownerDocument;
    this.namespaceURI = namespaceURI;
    this.localName = localName;
    this.style = styleOf(this.#styles);
  }

  get tagName(): string {
    return this.localName;
  }
  get firstChild(): Child | null {
    return this.childNodes[0] ?? null;
  }
  get children(): readonly SvgElement[] {
    return this.childNodes.filter((child) => child instanceof SvgElement);
  }
  get textContent(): string {
    return this.childNodes
      .map((child) => (child instanceof SvgText ? child.text : child.textContent))
      .join("");
  }
  set textContent(text: unknown) {
    this.childNodes.length = 0;
    if (text !== "" && text !== null && text !== undefined) this.append(`${text}`);
  }

  getAttribute(name: string): string | null {
    return this.#attributes.get(name) ?? null;
  }
  hasAttribute(name: string): boolean {
    return this.#attributes.has(name);
  }
  setAttribute(name: string, value: unknown): void {
    this.#attributes.set(name, `${value}`);
  }
  /** In HTML, where the figure stands, names have no prefixes: `href` is `xlink:href`. */
  setAttributeNS(_namespace: string, local: string, value: unknown): void {
    this.setAttribute(local, value);
  }
  removeAttribute(name: string): void {
    this.#attributes.delete(name);
  }

  append(...nodes: readonly (Child | string)[]): void {
    for (const node of nodes) this.appendChild(typeof node === "string" ? new SvgText(node) : node);
  }
  appendChild<C extends Child>(child: C): C {
    return this.insertBefore(child, null);
  }
  /** @param next the child that follows; null for the end */
  insertBefore<C extends Child>(child: C, next: Child | null): C {
    child.parentNode?.removeChild(child);
    const at = next ? this.childNodes.indexOf(next) : this.childNodes.length;
    this.childNodes.splice(at, 0, child);
    child.parentNode = this;
    return child;
  }
  removeChild(child: Child): void {
    this.childNodes.splice(this.childNodes.indexOf(child), 1);
    child.parentNode = null;
  }

  get outerHTML(): string {
    const styles = Array.from(this.#styles, ([name, value]) => `${name}: ${value}`).join("; ");
    const attributes = [...this.#attributes, ...(styles ? [["style", styles] as const] : [])]
      .map(([name, value]) => ` ${name}="${escapeHtml(value)}"`)
      .join("");
    // What stands in <style> is no text: it has no references.
    const inside = this.childNodes
      .map((child) =>
        this.localName === "style" && child instanceof SvgText ? child.text : child.outerHTML,
      )
      .join("");
    return `<${this.localName}${attributes}>${inside}</${this.localName}>`;
  }
}

export interface SvgDocument {
  readonly documentElement: SvgElement;
  createElementNS(namespace: string, name: string): SvgElement;
  createElement(name: string): SvgElement;
  createTextNode(text: string): SvgText;
}

/** A document of its own for one figure. */
export function svgDocument(): SvgDocument {
  const document: SvgDocument = {
    get documentElement() {
      return root;
    },
    createElementNS: (namespace, name) => new SvgElement(document, namespace, name),
    createElement: (name) => new SvgElement(document, SVG, name),
    createTextNode: (text) => new SvgText(text),
  };
  const root = new SvgElement(document, SVG, "html");
  return document;
}
