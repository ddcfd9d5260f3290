/** Forms that many routes share: the prefix, an id in the address, an answer without a body. */
import { z } from 'zod';
import { id } from '../contract/page.js';

export const v1 = '/api/v1';
export const byId = z.strictObject({ id });
export const nothing = z.undefined().describe('Done');
/** A binary answer, for the document; Fastify sends bytes as they are. */
export const jpeg = { description: 'The masked picture', content: { 'image/jpeg': { schema: z.string().meta({ format: 'binary' }) } } };
export const video = { description: 'The masked reel', content: { 'video/webm': { schema: z.string().meta({ format: 'binary' }) } } };
/** `?flag=true` */
export const flag = z.enum(['true', 'false']).default('false');
