import { defineConfig } from 'drizzle-kit';

/** `npm run migration -- --name what_changes` writes the SQL that leads from the last migration to `tables.ts`; review it. */
export default defineConfig({ dialect: 'postgresql', schema: './server/db/tables.ts', out: './migrations' });
