// As much XML as a report needs: elements, attributes and text, escaped. Pure.

/** Attributes that are null are left out. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number | null>>;
  readonly children: readonly (Element | string)[];
}

/** An element with text has nothing added to it; others are indented. */
export function xmlDocument(root: Element): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${render(root, '')}\n`;
}

function render({ name, attributes, children }: Element, indent: string): string {
  const head = Object.entries(attributes)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => ` ${key}="${escapeXml(String(value)).replace(/[\n\t]/g, asReference)}"`)
    .join('');
  if (children.length === 0) return `${indent}<${name}${head}/>`;
  const inside = children.map(child =>
    typeof child === 'string' ? escapeXml(child) : `\n${render(child, `${indent}  `)}`,
  );
  const end = children.some(child => typeof child === 'string') ? '' : `\n${indent}`;
  return `${indent}<${name}${head}>${inside.join('')}${end}</${name}>`;
}

/** Control characters and halves of surrogate pairs, which XML 1.0 §2.2 has no way to write, are removed. */
function escapeXml(text: string): string {
  return text
    .replace(/(?![\t\n\r])\p{Cc}|\p{Cs}|[\uFFFE\uFFFF]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\r', '&#13;');
}

function asReference(character: string): string {
  return `&#${character.codePointAt(0)};`;
}
