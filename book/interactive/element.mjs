// HTML and SVG elements in one call each.

/** An HTML element with attributes and children; a child is an element or a text. */
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

let numbered = 0;

/** An id that no other element of the page has. */
export function freshId() {
  return `interactive-${++numbered}`;
}
