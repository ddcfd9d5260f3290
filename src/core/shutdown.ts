/**
 * Stops the process in order. The first signal asks everybody to stop, the second leaves at once;
 * the log says what we still wait for. Resources close in the reverse order of their registration.
 */
import type { Clock } from './clock.js';
import { messageOf } from './errors.js';

interface Closable {
  readonly name: string;
  close(): Promise<void> | void;
}

export interface ShutdownLog {
  info(context: object, message: string): void;
  error(context: object, message: string): void;
}

export class Shutdown {
  readonly #controller = new AbortController();
  readonly #closables: Closable[] = [];
  readonly #clock: Clock;
  readonly #log: ShutdownLog;
  #closing: Promise<void> | undefined;

  constructor(clock: Clock, log: ShutdownLog) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Aborts when the process is asked to stop. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Registers something to close; the last registered closes first. */
  onClose(name: string, close: () => Promise<void> | void): void {
    this.#closables.push({ name, close });
  }

  /** Aborts the signal and closes everything, once. A failing or slow closer does not stop the others. */
  close(reason: string, perClosableMs = 10_000): Promise<void> {
    this.#closing ??= this.#run(reason, perClosableMs);
    return this.#closing;
  }

  async #run(reason: string, perClosableMs: number): Promise<void> {
    this.#controller.abort(new DOMException(reason, 'AbortError'));
    for (const closable of this.#closables.reverse()) {
      const cancelNotice = this.#clock.after(1_000, () => this.#log.info({ waitingFor: closable.name }, 'stopping'));
      let cancelDeadline = (): void => undefined;
      const deadline = new Promise<'late'>((resolve) => {
        cancelDeadline = this.#clock.after(perClosableMs, () => resolve('late'));
      });
      try {
        const outcome = await Promise.race([Promise.resolve(closable.close()), deadline]);
        if (outcome === 'late') this.#log.error({ gaveUpOn: closable.name, afterMs: perClosableMs }, 'stopping');
      } catch (thrown) {
        this.#log.error({ closing: closable.name, error: messageOf(thrown) }, 'a part did not close cleanly');
      } finally {
        cancelNotice();
        cancelDeadline();
      }
    }
  }
}
