/** What a device says of itself in its scopes (`onvif://www.onvif.org/name/…`): name, hardware, hardware address. */

export interface ToldScopes {
  readonly name: string | null;
  readonly hardware: string | null;
  /** twelve lower-case hexadecimal digits with colons */
  readonly macAddress: string | null;
}

/** @param text the scopes as they came: apart by any white space; a name may hold bare blanks */
export function readScopes(text: string): ToldScopes {
  const scopes: string[] = [];
  for (const word of text.slice(0, 16_384).split(/\s+/)) {
    const last = scopes.length - 1;
    if (last < 0 || /^[a-z][a-z0-9+.-]{0,30}:/i.test(word)) scopes.push(word);
    else scopes[last] += ` ${word}`;
  }
  const value = (...kinds: readonly string[]): string | null => {
    for (const scope of scopes) {
      const [, kind, told] = /^onvif:\/\/www\.onvif\.org\/([^/\s]{1,40})\/(.*)$/is.exec(scope) ?? [];
      if (kind === undefined || told === undefined || !kinds.includes(kind.toLowerCase())) continue;
      const clean = plainText(percentDecoded(told));
      if (clean !== '') return clean;
    }
    return null;
  };
  return { name: value('name'), hardware: value('hardware'), macAddress: readMac(value('macaddress', 'mac', 'macaddr', 'mac_address') ?? '') };
}

/** Colons, dashes, dots or nothing between the digits. @returns null for what is no address of one network card */
function readMac(text: string): string | null {
  const digits = text.toLowerCase().replace(/[:.\s-]/g, '');
  if (!/^[0-9a-f]{12}$/.test(digits) || /^0{12}$/.test(digits) || (Number.parseInt(digits.slice(0, 2), 16) & 1) === 1) return null;
  return (digits.match(/../g) ?? []).join(':');
}

/** UTF-8, or the GB18030 of older Chinese firmware; a bare % stays what it is. */
function percentDecoded(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    const bytes = Buffer.from(text.replace(/%([0-9a-f]{2})/gi, (_whole, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), 'latin1');
    // Only where every character of the text is a byte: the rest was no percent code to begin with.
    if (/[\u0100-\uffff]/.test(text)) return text;
    try {
      return new TextDecoder('gb18030', { fatal: true }).decode(bytes);
    } catch {
      return text;
    }
  }
}

/** Anybody on the network may answer a probe: what he calls himself must not steer the terminal that lists it. */
export function plainText(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is taken out
  const clean = text.replace(/[\s\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]+/g, ' ').trim();
  return clean.slice(0, 200).replace(/[\ud800-\udbff]$/, '').replace(/\p{Surrogate}/gu, '');
}
