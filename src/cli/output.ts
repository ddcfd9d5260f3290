/** Prints for people or, with `--json`, one JSON document for machines; progress lines only on a terminal. */
import type { Output } from './context.js';

export function createOutput(isJson: boolean): Output {
  const terminal = process.stderr.isTTY;
  let progressing = false;
  const endProgress = (): void => {
    if (progressing) process.stderr.write('\r\x1b[K');
    progressing = false;
  };
  return {
    isJson,
    line(text) {
      endProgress();
      if (!isJson) process.stdout.write(`${forTerminal(text)}\n`);
    },
    json(value) {
      endProgress();
      if (isJson) process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
    },
    progress(text) {
      if (!terminal || isJson) return;
      process.stderr.write(`\r\x1b[K${forTerminal(text).slice(0, (process.stderr.columns ?? 80) - 1)}`);
      progressing = true;
    },
  };
}

/**
 * Names come from devices and tables: what steers a terminal (escape sequences, other control characters, changes of the
 * writing direction) is shown as a replacement mark. Tabs and line ends stay.
 */
export function forTerminal(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what is replaced
  return text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]|\r(?!\n)/g, '\ufffd');
}

/** `importing ████░░░░ 400/1000` */
export function progressBar(what: string, done: number, total: number): string {
  const width = 24;
  const filled = total > 0 ? Math.round((Math.min(done, total) / total) * width) : 0;
  return `${what} ${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${done}/${total}`;
}

/** Columns padded to their widest cell. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => (row[i] ?? '').length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('  ').trimEnd());
}
