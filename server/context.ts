import type { FastifyBaseLogger } from 'fastify';
import type { Database } from './db/database.ts';
import type { Sessions } from './accounts/sessions.ts';
import type { Jobs } from './db/jobs.ts';
import type { Hub } from './live/hub.ts';
import type { Models } from './models/writing.ts';
import type { Stores } from './releases/files/stores.ts';
import type { Streams } from './streams/streams.ts';

/** What routes hand on to the rules: made once in `app.ts`, never changed. */
export interface Context {
  readonly db: Database;
  readonly sessions: Sessions;
  readonly hub: Hub;
  readonly jobs: Jobs;
  readonly models: Models;
  readonly streams: Streams;
  readonly stores: Stores;
  readonly log: FastifyBaseLogger;
  readonly clock: () => Date;
  /** From 0 up to, not including, 1. */
  readonly random: () => number;
  /** Signs what must not be forged; the same in every process on one database. */
  readonly secret: string;
  /** Where people reach this server, without a trailing slash. */
  readonly publicUrl: () => string;
}
