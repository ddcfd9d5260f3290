/** Every English text of the page, and the keys that both languages have. */
import { enDesk } from './en-desk.js';
import { enRegister } from './en-register.js';
import { enPicture } from './en-picture.js';
import { enPlace } from './en-place.js';
import { enSetup } from './en-setup.js';

export const en = { ...enDesk, ...enPicture, ...enPlace, ...enSetup, ...enRegister };

type Plural<K> = K extends `${infer Stem}_${'one' | 'other'}` ? Stem : never;

/** A key as `t` takes it: with a count, the form after the number is chosen by the language's rules. */
export type TextKey = Exclude<keyof typeof en, `${string}_${'one' | 'other'}`> | Plural<keyof typeof en>;
