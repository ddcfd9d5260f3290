/** Builds the console into dist/console. Everything it needs is in the bundle: it asks no other host for anything. */
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const folder = (relative: string): string => decodeURIComponent(new URL(relative, import.meta.url).pathname);

export default defineConfig({
  root: folder('.'),
  base: '/',
  plugins: [react()],
  build: {
    outDir: folder('../../dist/console'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
  },
});
