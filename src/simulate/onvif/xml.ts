/** XML text made with a tagged template: whatever is put in is escaped, unless it was made by the same tag. */
export interface Xml {
  readonly xml: string;
}

type Part = string | number | boolean | Xml | readonly Xml[] | undefined;

export function xml(strings: TemplateStringsArray, ...parts: readonly Part[]): Xml {
  let text = strings[0] ?? '';
  parts.forEach((part, i) => {
    text += write(part) + (strings[i + 1] ?? '');
  });
  return { xml: text };
}

function write(part: Part): string {
  if (part === undefined) return '';
  if (typeof part === 'object') return 'xml' in part ? part.xml : part.map((p) => p.xml).join('');
  return escapeXml(String(part));
}

const named: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

/** Characters that XML 1.0 does not allow are left out. */
export function escapeXml(text: string): string {
  // eslint-disable-next-line no-control-regex
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '').replace(/[&<>"']/g, (c) => named[c] ?? c);
}
