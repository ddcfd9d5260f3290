import { defineConfig } from 'drizzle-kit';

export default defineConfig({ dialect: 'postgresql', schema: './dist/src/db/schema/index.js', out: './src/db/migrations' });
