import { z } from 'zod';
import type { S3Settings } from './releases/files/s3.ts';

/** The environment that Duologue reads, and nothing else does; the README lists it. */
const environment = z.object({
  PORT: z.coerce.number().int().min(0).max(65_535).default(3000),
  HOST: z.string().min(1).default('127.0.0.1'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must begin with postgres:// or postgresql://')
    .optional(),
  DATA_DIR: z.string().min(1).default('./data'),
  ADMIN_EMAIL: z.email().optional(),
  ADMIN_PASSWORD: z.string().min(10).optional(),
  APP_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  DEMO: z.enum(['on', 'off']).default('on'),
  MODEL_HOSTS: z
    .string()
    .transform((text) =>
      text
        .split(',')
        .map((host) => host.trim().toLowerCase())
        .filter(Boolean),
    )
    .refine((hosts) => hosts.length > 0 && hosts.every((host) => !/[/\s@]/.test(host)), {
      error: 'must be hosts with commas between them, as in llm.example.org,localhost:8000',
    })
    .optional(),
  S3_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  S3_REGION: z.string().min(1).default('us-east-1'),
  S3_BUCKET: z
    .string()
    .regex(/^[a-zA-Z0-9._-]+$/, 'must be the name of a bucket')
    .optional(),
  S3_PREFIX: z
    .string()
    .transform((text) => text.replace(/^\/+|\/+$/g, ''))
    .default('duologue'),
  S3_ACCESS_KEY_ID: z.string().optional(),
  S3_SECRET_ACCESS_KEY: z.string().optional(),
  S3_FORCE_PATH_STYLE: z.enum(['on', 'off']).optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('warn'),
});

export interface Config {
  readonly port: number;
  readonly host: string;
  /** Null means the embedded engine. */
  readonly databaseUrl: string | null;
  readonly dataDir: string;
  readonly admin: { email: string; password: string } | null;
  /** Null means: made once and kept in `dataDir`. */
  readonly appSecret: string | null;
  /** Where people reach this server, without a trailing slash; null means the address it listens on. */
  readonly publicUrl: string | null;
  readonly demo: boolean;
  /** Where model servers may be, each `host` or `host:port`, an IPv6 address in brackets; null means anywhere. */
  readonly modelHosts: readonly string[] | null;
  /** Where releases can be written besides the disk; null means nowhere. */
  readonly s3: S3Settings | null;
  readonly logLevel: string;
}

/** A setting that cannot be used. The message names it. */
export class BadConfig extends Error {
  override readonly name = 'BadConfig';
}

/** Reads the configuration. An empty variable counts as unset, as in a compose file. */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  const result = environment.safeParse(Object.fromEntries(Object.entries(env).filter(([, value]) => value !== '')));
  if (!result.success)
    throw new BadConfig(result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('; '));
  const { data } = result;
  if ((data.ADMIN_EMAIL === undefined) !== (data.ADMIN_PASSWORD === undefined))
    throw new BadConfig('ADMIN_EMAIL and ADMIN_PASSWORD go together: set both or neither');
  if ((data.S3_ACCESS_KEY_ID === undefined) !== (data.S3_SECRET_ACCESS_KEY === undefined))
    throw new BadConfig('S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY go together: set both or neither');
  if (data.S3_ENDPOINT !== undefined && data.S3_BUCKET === undefined)
    throw new BadConfig('S3_BUCKET is needed where S3_ENDPOINT is set');
  return {
    port: data.PORT,
    host: data.HOST,
    databaseUrl: data.DATABASE_URL ?? null,
    dataDir: data.DATA_DIR,
    admin:
      data.ADMIN_EMAIL !== undefined && data.ADMIN_PASSWORD !== undefined
        ? { email: data.ADMIN_EMAIL.toLowerCase(), password: data.ADMIN_PASSWORD }
        : null,
    appSecret: data.APP_SECRET ?? null,
    publicUrl: data.PUBLIC_URL?.replace(/\/+$/, '') ?? null,
    demo: data.DEMO === 'on',
    modelHosts: data.MODEL_HOSTS ?? null,
    s3:
      data.S3_BUCKET === undefined
        ? null
        : {
            endpoint: data.S3_ENDPOINT ?? null,
            region: data.S3_REGION,
            bucket: data.S3_BUCKET,
            prefix: data.S3_PREFIX,
            credentials:
              data.S3_ACCESS_KEY_ID !== undefined && data.S3_SECRET_ACCESS_KEY !== undefined
                ? { id: data.S3_ACCESS_KEY_ID, secret: data.S3_SECRET_ACCESS_KEY }
                : null,
            // What is not Amazon's mostly has one address for all buckets.
            forcePathStyle: (data.S3_FORCE_PATH_STYLE ?? (data.S3_ENDPOINT === undefined ? 'off' : 'on')) === 'on',
          },
    logLevel: data.LOG_LEVEL,
  };
}
