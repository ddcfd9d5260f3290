/** The one place that puts credentials into an address: libav and ffmpeg take them no other way. Never log the result. */
import type { Credentials } from './rtsp-reply.js';

/** libav keeps user and password in 128 bytes and cuts what is longer. */
const longestUserInfo = 127;

/** @returns undefined when libav could not carry these credentials unharmed */
export function withCredentials(url: string, credentials: Credentials | null): string | undefined {
  if (!credentials) return url;
  const encode = (text: string): string => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16)}`);
  const userInfo = `${encode(credentials.username)}:${encode(credentials.password)}`;
  if (userInfo.length > longestUserInfo || credentials.username.includes(':')) return undefined;
  return url.replace(/^rtsp:\/\//i, `rtsp://${userInfo}@`);
}

export const credentialsTooLong = 'User name and password together are too long for an RTSP connection.';
