/**
 * WS-Security UsernameToken with a password digest (OASIS WSS UsernameToken Profile 1.0, 3.1), the older log-in of ONVIF.
 * Created is in the device's time; the nonce is 16 bytes and fresh each time: some devices refuse longer or used ones.
 */
import { createHash, randomBytes } from 'node:crypto';
import { escapeXml } from '../../soap-xml.js';

const security = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';

/** Base64(SHA-1(nonce ‖ created ‖ password)). */
export function passwordDigest(nonce: Uint8Array, created: string, password: string): string {
  return createHash('sha1').update(nonce).update(created, 'utf8').update(password, 'utf8').digest('base64');
}

/** @param createdMs the device's clock, epoch milliseconds */
export function usernameTokenHeader(username: string, password: string, createdMs: number): string {
  const nonce = randomBytes(16);
  const created = new Date(createdMs).toISOString();
  return (
    `<wsse:Security s:mustUnderstand="1" xmlns:wsse="${security}-wssecurity-secext-1.0.xsd" xmlns:wsu="${security}-wssecurity-utility-1.0.xsd">` +
    `<wsse:UsernameToken><wsse:Username>${escapeXml(username)}</wsse:Username>` +
    `<wsse:Password Type="${security}-username-token-profile-1.0#PasswordDigest">${passwordDigest(nonce, created, password)}</wsse:Password>` +
    `<wsse:Nonce EncodingType="${security}-soap-message-security-1.0#Base64Binary">${nonce.toString('base64')}</wsse:Nonce>` +
    `<wsu:Created>${created}</wsu:Created></wsse:UsernameToken></wsse:Security>`
  );
}
