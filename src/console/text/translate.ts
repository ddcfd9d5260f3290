/** How a text is asked for; by itself, so that what needs only the shape needs no browser. */
import type { TextKey } from './en.js';

export type Translate = (key: TextKey, values?: Record<string, string | number>) => string;
