/** What a command is handed by `main.ts`: how to reach an API, how to start roles, where to print. */
import type { Loaded } from '../config/load.js';

export interface ApiAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly text: string;
}

/** The HTTP API, of a running Hedgerow or in this process; commands see no difference. */
export interface ApiClient {
  readonly where: string;
  request(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: { json: unknown } | { text: string; type: string }): Promise<ApiAnswer>;
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
