import { randomUUID } from 'node:crypto';
import compress from '@fastify/compress';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyInstance, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod';
import { accountRoutes } from './accounts/routes.ts';
import { createSessions } from './accounts/sessions.ts';
import { inspectAnswer } from './moderation/inspection.ts';
import { chatRoutes } from './chats/routes.ts';
import type { Context } from './context.ts';
import { openJobs } from './db/jobs.ts';
import type { OpenDatabase } from './db/open.ts';
import { demonstrationRoutes } from './demonstrations/routes.ts';
import { feedbackRoutes } from './feedback/routes.ts';
import { registerBodyParser } from './http/body.ts';
import { registerErrors } from './http/errors.ts';
import { healthRoutes } from './http/health.ts';
import { registerOpenapi } from './http/openapi.ts';
import { registerWeb } from './http/static.ts';
import { importRoutes } from './imports/routes.ts';
import { Hub } from './live/hub.ts';
import { registerLive } from './live/socket.ts';
import type { Hosts } from './models/address.ts';
import { modelRoutes } from './models/routes.ts';
import { createModels, type Timing } from './models/writing.ts';
import { moderationRoutes } from './moderation/routes.ts';
import { progressOf } from './projects/projects.ts';
import { projectRoutes } from './projects/routes.ts';
import { beginReleases } from './releases/build.ts';
import type { S3Settings } from './releases/files/s3.ts';
import { openStores } from './releases/files/stores.ts';
import { benchmarkRoutes } from './releases/hygiene/routes.ts';
import { releaseRoutes } from './releases/routes.ts';
import { writeInProcess } from './releases/process.ts';
import { writeRelease } from './releases/writing.ts';
import { roundRoutes } from './rounds/routes.ts';
import { samplingRoutes } from './samplings/routes.ts';
import { beginSampling } from './samplings/sampling.ts';
import { streamRoutes } from './streams/routes.ts';
import { Streams } from './streams/streams.ts';
import { watchExpiry } from './tasks/expiry.ts';
import { taskRoutes } from './tasks/routes.ts';
import { webhookRoutes } from './webhooks/routes.ts';
import { beginWebhooks } from './webhooks/webhooks.ts';

/** Largest JSON body, in bytes: 100 messages of 30,000 characters in any script fit. Imports are streams without such a bound. */
const maxBody = 16 * 1024 * 1024;

export interface AppOptions {
  database: OpenDatabase;
  secret: string;
  /** Null means the address that the server listens on. */
  publicUrl: string | null;
  version: string;
  logLevel: string;
  /** Where files lie. */
  dataDir: string;
  /** Where releases can be kept besides; null means nowhere. */
  s3?: S3Settings | null;
  /** Where model servers may be; null means anywhere. */
  modelHosts?: Hosts;
  /** Of asking models, for tests. */
  modelTiming?: Partial<Timing>;
  clock?: () => Date;
  random?: () => number;
  /** Hears of every route, for a test that none is undeclared. */
  onRoute?: (route: { method: string | string[]; url: string }) => void;
}

export interface App {
  app: FastifyInstance;
  context: Context;
}

/** Builds the server on an open, migrated database. The registrations are its table of contents; it does not listen. */
export async function buildApp(options: AppOptions): Promise<App> {
  const { database, secret, publicUrl, version, logLevel, clock = () => new Date(), random = Math.random } = options;
  const { dataDir, s3 = null } = options;
  const { db } = database;
  const https = publicUrl?.startsWith('https:') ?? false;
  const app = Fastify({
    logger: { level: logLevel },
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: maxBody,
    // HEAD would run a whole export and send it nowhere.
    exposeHeadRoutes: false,
    // A proxy in front is on this machine or in a private network; only then is its word on the client's address taken.
    trustProxy: 'loopback,uniquelocal',
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 200 },
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.decorateRequest('user', null);
  if (options.onRoute) app.addHook('onRoute', options.onRoute);

  const complain = (error: unknown): void => app.log.error({ err: error }, 'background work failed');
  let origin = publicUrl;
  const models = createModels({ secret, hosts: options.modelHosts ?? null, random, timing: options.modelTiming ?? {} });
  const hub = new Hub(database, (projectId) => progressOf(db, projectId), complain);
  const jobs = await openJobs(database, complain);
  const streams = new Streams({
    ...{ database, models, clock },
    inspect: (generation) => inspectAnswer(context, generation),
    onChange: ({ assignmentId }) => assignmentId !== null && hub.changed(assignmentId),
    onLiving: (living) => models.shareAmong(living),
    onError: complain,
  });
  const context: Context = {
    db,
    clock,
    random,
    secret,
    log: app.log,
    publicUrl: () => (origin ??= app.listeningOrigin),
    sessions: createSessions(database, { secure: https, clock }),
    ...{ hub, jobs, models, streams },
    stores: openStores({ dataDir, s3 }),
  };

  registerErrors(app);
  registerBodyParser(app);
  await app.register(cookie);
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    strictTransportSecurity: https,
    referrerPolicy: { policy: 'no-referrer' },
  });
  await app.register(rateLimit, { global: false });
  await app.register(compress, { threshold: 2_048, encodings: ['gzip', 'identity'] });
  await registerOpenapi(app, version);
  await registerLive(app, context);

  healthRoutes(app, context, version);
  accountRoutes(app, context);
  modelRoutes(app, context);
  projectRoutes(app, context);
  roundRoutes(app, context);
  importRoutes(app, context);
  taskRoutes(app, context);
  demonstrationRoutes(app, context);
  chatRoutes(app, context);
  streamRoutes(app, context);
  samplingRoutes(app, context);
  moderationRoutes(app, context);
  feedbackRoutes(app, context);
  releaseRoutes(app, context);
  benchmarkRoutes(app, context);
  webhookRoutes(app, context);
  await registerWeb(app);

  await context.sessions.start();
  await hub.start();
  await streams.start();
  await beginSampling(context);
  // Before what sends to its queue.
  await beginWebhooks(context);
  await beginReleases(context, (releaseId, signal) =>
    // The embedded engine has one connection, which is here.
    'connectionString' in database.jobStore
      ? writeInProcess({ databaseUrl: database.jobStore.connectionString, dataDir, s3 })(releaseId, signal)
      : writeRelease({ db, stores: context.stores, signal }, releaseId),
  );
  const stopExpiry = watchExpiry({ db, clock, touch: (projectId) => hub.touch(projectId), onError: complain });
  app.addHook('onClose', async () => {
    await stopExpiry();
    await streams.close();
    await jobs.close();
    await hub.close();
    models.close();
  });
  return { app, context };
}
