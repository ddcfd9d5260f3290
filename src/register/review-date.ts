/** Calendar dates that end something (a review date, a consent), judged in the site's time zone. The day itself still counts. */

/** @returns YYYY-MM-DD on the site at that moment */
export function localDate(timeZone: string, nowMs: number): string {
  // The Swedish form is the ISO one.
  return new Intl.DateTimeFormat('sv-SE', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' }).format(nowMs);
}

export function reviewOverdue(reviewOn: string, timeZone: string, nowMs: number): boolean {
  return reviewOn < localDate(timeZone, nowMs);
}
