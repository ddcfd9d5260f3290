/** The whole schema, for the drivers and the migration generator. One table has one writing folder: its file's name. */
export * from './alert.js';
export * from './auth.js';
export * from './ingest.js';
export * from './ledger.js';
export * from './platform.js';
export * from './register.js';
export * from './store.js';
export * from './watch.js';
