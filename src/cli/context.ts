/** What a command is handed by `main.ts`: how to reach an API, how to start roles, where to print. */
import type { Loaded } from '../config/load.js';

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
}

export type Method = 'GET' | 'POST' | 'PATCH' | 'DELETE';
export type RequestBody = { json: unknown } | { text: string; type: string } | { bytes: Uint8Array; type: string };

/** The HTTP API, of a running Hedgerow or in this process; commands see no difference. */
export interface ApiClient {
  readonly where: string;
  request(method: Method, path: string, body?: RequestBody): Promise<ApiAnswer>;
  /**
   * Asks for lines (NDJSON) and hands each over as it comes. A problem, be it the answer or a line of it, becomes the answer:
   * `expectOk` tells it. An answer that is no stream is one line.
   */
  stream(method: 'GET' | 'POST', path: string, body: RequestBody | undefined, onLine: (value: unknown) => void): Promise<ApiAnswer>;
  close(): Promise<void>;
}

export interface StartOptions {
  readonly roles: readonly ('api' | 'worker' | 'jobs')[];
  /** simulated cameras; null: as many as the configuration says */
  readonly demo: number | null;
  readonly video: string | null;
  readonly print: Output;
}

export interface Output {
  /** for people; nothing in JSON mode */
  line(text: string): void;
  /** for machines: one JSON document; nothing otherwise */
  json(value: unknown): void;
  /** a progress line on a terminal; nothing elsewhere */
  progress(text: string): void;
  readonly isJson: boolean;
}

export interface CliContext {
  readonly version: string;
  readonly packageFolder: string;
  load(overrides?: object): Loaded;
  openClient(): Promise<ApiClient>;
  /** Runs until the process is told to stop. @returns the exit code */
  serve(options: StartOptions): Promise<number>;
  readonly models: ModelCommands;
  readonly signal: AbortSignal;
}

export interface ModelCommands {
  list(): Promise<readonly { name: string; status: string; detail: string }[]>;
  fetch(options: { from: string | null; only: readonly string[]; onProgress: (text: string) => void; signal: AbortSignal }): Promise<readonly { name: string; status: string; detail: string }[]>;
}

/** A command's own failure: said to the user, exit 1. */
export class CommandFailed extends Error {}
