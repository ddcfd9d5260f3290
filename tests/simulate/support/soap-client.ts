/** A SOAP client for tests, written apart from the server that it tests: Digest, UsernameToken, or nothing. */
import { createHash, randomBytes } from 'node:crypto';
import { XMLParser } from 'fast-xml-parser';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** parsed without prefixes; {} when it is not XML */
  readonly xml: Record<string, never>;
}

const parser = new XMLParser({ removeNSPrefix: true, ignoreAttributes: false, attributeNamePrefix: '@', parseTagValue: false });
const md5 = (text: string): string => createHash('md5').update(text).digest('hex');

export function envelopeOf(body: string, header = ''): string {
  return `<?xml version="1.0"?><e:Envelope xmlns:e="http://www.w3.org/2003/05/soap-envelope"><e:Header>${header}</e:Header><e:Body>${body}</e:Body></e:Envelope>`;
}

export async function post(url: string, envelope: string, headers: Record<string, string> = {}): Promise<Answer> {
  const response = await fetch(url, { method: 'POST', body: envelope, headers: { 'Content-Type': 'application/soap+xml', Connection: 'close', ...headers }, redirect: 'manual' });
  const text = await response.text();
  let xml: unknown = {};
  try {
    xml = parser.parse(text, true);
  } catch {
    // not XML: some tests want that
  }
  return { status: response.status, headers: response.headers, text, xml: xml as Record<string, never> };
}

export interface Login {
  readonly username: string;
  readonly password: string;
}

export function digestHeader(challenge: string, login: Login, url: string, nc = '00000001', method = 'POST'): string {
  const field = (name: string): string => new RegExp(`${name}="?([^",]+)"?`).exec(challenge)?.[1] ?? '';
  const { pathname, search } = new URL(url);
  const uri = method === 'POST' ? pathname + search : url;
  const cnonce = randomBytes(8).toString('hex');
  const ha1 = md5(`${login.username}:${field('realm')}:${login.password}`);
  const ha2 = md5(`${method}:${uri}`);
  const qop = challenge.includes('qop=');
  const response = qop ? md5(`${ha1}:${field('nonce')}:${nc}:${cnonce}:auth:${ha2}`) : md5(`${ha1}:${field('nonce')}:${ha2}`);
  const more = qop ? `, qop=auth, nc=${nc}, cnonce="${cnonce}"` : '';
  return `Digest username="${login.username}", realm="${field('realm')}", nonce="${field('nonce')}", uri="${uri}", response="${response}"${more}`;
}

/** Asks, is challenged, and asks again with the answer. */
export async function callWithDigest(url: string, body: string, login: Login): Promise<Answer> {
  const first = await post(url, envelopeOf(body));
  if (first.status !== 401) return first;
  return post(url, envelopeOf(body), { Authorization: digestHeader(first.headers.get('www-authenticate') ?? '', login, url) });
}

export function securityHeader(login: Login, createdMs: number, nonce = randomBytes(16)): string {
  const created = new Date(createdMs).toISOString();
  const digest = createHash('sha1').update(nonce).update(created).update(login.password).digest('base64');
  return `<w:Security xmlns:w="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><w:UsernameToken><w:Username>${login.username}</w:Username><w:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest">${digest}</w:Password><w:Nonce>${nonce.toString('base64')}</w:Nonce><u:Created xmlns:u="u">${created}</u:Created></w:UsernameToken></w:Security>`;
}

/** A path into a parsed answer: `at(answer, 'Body', 'GetProfilesResponse', 'Profiles')`. */
export function at(answer: Answer, ...path: (string | number)[]): unknown {
  return path.reduce<unknown>((node, key) => (node as Record<string | number, unknown> | undefined)?.[key], (answer.xml as Record<string, unknown>)['Envelope']);
}
