/** The session description of a mount (RFC 4566, RFC 6184 section 8.2.1). */

export function describeVideo(options: { name: string; host: string; fps: number; sps: Uint8Array; pps: Uint8Array }): string {
  const { sps, pps } = options;
  const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
  const profileLevel = Buffer.from(sps.subarray(1, 4)).toString('hex');
  return [
    'v=0',
    `o=- 1 1 IN IP4 ${options.host}`,
    `s=${options.name}`,
    'c=IN IP4 0.0.0.0',
    't=0 0',
    'a=range:npt=now-',
    'a=control:*',
    'm=video 0 RTP/AVP 96',
    'a=rtpmap:96 H264/90000',
    `a=fmtp:96 packetization-mode=1;profile-level-id=${profileLevel};sprop-parameter-sets=${base64(sps)},${base64(pps)}`,
    `a=framerate:${Math.round(options.fps * 100) / 100}`,
    'a=control:trackID=0',
    '',
  ].join('\r\n');
}
