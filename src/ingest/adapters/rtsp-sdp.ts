/** Reads the session description of a camera (RFC 8866) as far as its video goes, and makes the addresses in it ours. */

export interface VideoTrack {
  /** `h264`, `hevc`, or the name as the camera wrote it */
  readonly codec: string;
  readonly payloadType: number;
  readonly ticksPerSecond: number;
  /** parameter sets without start codes */
  readonly parameterSets: readonly Buffer[];
  /** units carry decoding order numbers (RFC 7798, sprop-max-don-diff) */
  readonly withOrderNumbers: boolean;
  readonly fps: number | null;
  /** as written; null: none */
  readonly control: string | null;
}

export interface Description {
  /** of the whole session, as written; null: none */
  readonly control: string | null;
  /** the first video that we read, else the first video; undefined: none */
  readonly video: VideoTrack | undefined;
}

/** No white space and no control characters: addresses go into a request line. */
const printable = /^[\x21-\x7e]+$/;

/** Names of RTP's fixed payload types, for a clear word. */
const fixedTypes = new Map([[26, 'JPEG'], [31, 'H261'], [32, 'MPV'], [33, 'MP2T'], [34, 'H263']]);
const codecNames = new Map([['h264', 'h264'], ['h265', 'hevc'], ['hevc', 'hevc']]);

export function readDescription(text: string): Description {
  const sections: string[][] = [[]];
  for (const line of text.split(/\r\n|\r|\n/)) {
    if (line.startsWith('m=')) sections.push([]);
    sections.at(-1)?.push(line.trim());
  }
  const [session = [], ...media] = sections;
  const videos = media.flatMap((lines) => readVideo(lines));
  const ours = (v: VideoTrack): boolean => v.codec === 'h264' || v.codec === 'hevc';
  return { control: attribute(session, 'control'), video: videos.find(ours) ?? videos[0] };
}

function readVideo(lines: readonly string[]): VideoTrack[] {
  const media = /^m=video\s+\S+\s+\S+\s+(.+)$/i.exec(lines[0] ?? '');
  if (!media) return [];
  return (media[1] ?? '').split(/\s+/).filter((t) => /^\d{1,3}$/.test(t)).map((type) => {
    const mapped = /^\d+\s+([^/\s]+)\/(\d+)/.exec(attributeOf(lines, 'rtpmap', type) ?? '');
    const name = mapped?.[1] ?? fixedTypes.get(Number(type)) ?? 'unknown';
    const codec = codecNames.get(name.toLowerCase()) ?? name;
    const format = readFormat(attributeOf(lines, 'fmtp', type) ?? '');
    const fps = Number(attribute(lines, 'framerate') ?? attribute(lines, 'x-framerate') ?? NaN);
    const ticks = Number(mapped?.[2]);
    return {
      codec,
      payloadType: Number(type),
      ticksPerSecond: Number.isInteger(ticks) && ticks >= 1_000 && ticks <= 10_000_000 ? ticks : 90_000,
      parameterSets: ['sprop-vps', 'sprop-sps', 'sprop-pps', 'sprop-parameter-sets'].flatMap((key) => (format.get(key) ?? '').split(',')).flatMap(readSet),
      withOrderNumbers: Number(format.get('sprop-max-don-diff') ?? 0) > 0,
      fps: fps > 0 && fps <= 1_000 ? fps : null,
      control: attribute(lines, 'control'),
    };
  });
}

function attribute(lines: readonly string[], name: string): string | null {
  return lines.find((l) => l.toLowerCase().startsWith(`a=${name}:`))?.slice(name.length + 3).trim() ?? null;
}

/** The value of an attribute that names a payload type first. */
function attributeOf(lines: readonly string[], name: string, type: string): string | undefined {
  const start = `a=${name}:`;
  return lines.filter((l) => l.toLowerCase().startsWith(start)).map((l) => l.slice(start.length).trim()).find((v) => v.split(/\s+/)[0] === type);
}

function readFormat(text: string): Map<string, string> {
  const fields = text.replace(/^\d+\s*/, '').split(';').map((f) => f.trim());
  return new Map(fields.map((f) => [f.split('=')[0]?.trim().toLowerCase() ?? '', f.slice(f.indexOf('=') + 1).trim()]));
}

/** Some cameras put a start code before the set. */
function readSet(text: string): Buffer[] {
  const bytes = Buffer.from(text, 'base64');
  const from = bytes.length > 4 && bytes[0] === 0 && bytes[1] === 0 ? (bytes[2] === 1 ? 3 : bytes[2] === 0 && bytes[3] === 1 ? 4 : 0) : 0;
  return bytes.length - from > 2 ? [bytes.subarray(from)] : [];
}

/**
 * The address of a track or session. Whatever host a camera names, it is the one that we have reached.
 * @param target the address that was asked for, with the pinned host
 * @param base what relative ones go on from
 */
export function resolveControl(control: string | null, base: string, target: string): string {
  const root = pinHost(base, target);
  if (control === null || control === '*' || !printable.test(control)) return root;
  if (/^rtsps?:\/\//i.test(control)) return pinHost(control, target);
  if (control.startsWith('/')) return root.replace(/\/+$/, '') + control;
  return root.endsWith('/') ? root + control : `${root}/${control}`;
}

/** Puts scheme, host and port of `target` into an absolute RTSP address; anything else is `target` itself. */
export function pinHost(address: string, target: string): string {
  const origin = /^rtsp:\/\/[^/?#]*/i.exec(target)?.[0] ?? '';
  const found = /^rtsps?:\/\/[^/?#]*/i.exec(address);
  return found && printable.test(address) ? origin + address.slice(found[0].length) : target;
}
