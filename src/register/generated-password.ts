/** Passwords for devices: strong, and such that a person can read one out and every device takes it. */
import { randomInt } from 'node:crypto';

/** No I, O, l, o, 0, 1, and no special characters: some devices refuse them, some cut them out. */
const alphabets = ['ABCDEFGHJKLMNPQRSTUVWXYZ', 'abcdefghijkmnpqrstuvwxyz', '23456789'] as const;
/** Several makers take at most 16. Of 56 characters each: 92 bits. */
const length = 16;

/** Sixteen characters with at least one upper-case letter, one lower-case letter and one digit. */
export function generatePassword(): string {
  const all = alphabets.join('');
  for (;;) {
    const made = Array.from({ length }, () => all[randomInt(all.length)]).join('');
    // Drawn again rather than mended: every password that has all three is as likely as any other.
    if (alphabets.every((alphabet) => [...made].some((c) => alphabet.includes(c)))) return made;
  }
}
