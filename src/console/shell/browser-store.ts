/** The few choices that the browser keeps: language, site, sound, layout, layers of the map. Works without storage, too. */
type Choice = 'language' | 'site' | 'sound' | 'layout' | 'alert-filter' | 'map-hidden';

export function recall(choice: Choice): string | null {
  try {
    return localStorage.getItem(`hedgerow.${choice}`);
  } catch {
    return null;
  }
}

export function remember(choice: Choice, value: string): void {
  try {
    localStorage.setItem(`hedgerow.${choice}`, value);
  } catch {
    // A browser that forbids storage only forgets the choice.
  }
}
