/** What the village says to the log. Any logger of the house fits; secrets are never among the bindings. */
export interface SimulateLog {
  debug(context: object, message: string): void;
  info(context: object, message: string): void;
  warn(context: object, message: string): void;
}
