import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import { isStorageFull, Refusal } from '../../problem.ts';
import { buildingFolder, type StoredFile, sumsName, writeSums } from './publish.ts';
import { discardBuilding, orDiscard, type PublishOptions, type ReleaseStore } from './store.ts';

export interface S3Settings {
  /** Null means Amazon's own. */
  readonly endpoint: string | null;
  readonly region: string;
  readonly bucket: string;
  /** Before the names of all objects, without a slash at its end; may be empty. */
  readonly prefix: string;
  /** Null means that the SDK looks where it always does: the environment, `~/.aws`, the machine's role. */
  readonly credentials: { readonly id: string; readonly secret: string } | null;
  /** Whether the bucket is in the path of an address, rather than in its host. */
  readonly forcePathStyle: boolean;
}

/** Parts of an upload in bytes, and how many are under way and so in memory. Of 10,000 parts an object may be 160 GB. */
const partBytes = 16 << 20;
const partsAtOnce = 2;

/** How long a connection, an answer, and a silence within one may take, in milliseconds; and how often a request is tried. */
export interface S3Patience {
  readonly connect: number;
  readonly answer: number;
  readonly silence: number;
  readonly tries: number;
}
const patience: S3Patience = { connect: 5_000, answer: 120_000, silence: 300_000, tries: 3 };

/**
 * Keeps releases as objects in a bucket: `<prefix>/<release id>/<name>`. SHA256SUMS comes last, so that a release is whole
 * where that is, and goes first. Throws `unavailable` with the reason where the bucket is missing, refuses, or cannot be
 * reached. The SDK is loaded when it is first needed.
 */
export function s3Store(settings: S3Settings, dataDir: string, timing: S3Patience = patience): ReleaseStore {
  const { bucket: Bucket } = settings;
  let connected: Promise<S3Client> | null = null;
  const connect = (): Promise<S3Client> => (connected ??= createClient(settings, timing));
  const key = (releaseId: string, name: string): string => [folderOf(settings, releaseId), name].join('/');

  async function put(releaseId: string, files: readonly StoredFile[], options: PublishOptions): Promise<void> {
    const { Upload } = await import('@aws-sdk/lib-storage');
    const client = await connect();
    let before = 0;
    for (const { name, bytes } of files) {
      options.signal?.throwIfAborted();
      const Body = createReadStream(join(buildingFolder(dataDir, releaseId), name), { highWaterMark: 1 << 20 });
      const params = { Bucket, Key: key(releaseId, name), Body, ContentType: 'application/octet-stream' };
      const upload = new Upload({ client, params, partSize: partBytes, queueSize: partsAtOnce });
      upload.on('httpUploadProgress', ({ loaded }) => options.onBytes?.(before + (loaded ?? 0)));
      const stop = (): void => void upload.abort();
      options.signal?.addEventListener('abort', stop);
      try {
        await upload.done();
      } finally {
        options.signal?.removeEventListener('abort', stop);
        Body.destroy();
      }
      before += bytes;
    }
  }

  async function removeObjects(releaseId: string, names: readonly string[]): Promise<void> {
    const { DeleteObjectCommand } = await import('@aws-sdk/client-s3');
    const client = await connect();
    for (const name of names) await client.send(new DeleteObjectCommand({ Bucket, Key: key(releaseId, name) }));
  }

  return {
    async publish(releaseId, files, options = {}) {
      const sums = await orDiscard(dataDir, releaseId, () => writeSums(buildingFolder(dataDir, releaseId), files));
      try {
        await put(releaseId, [...files, sums], options);
      } catch (error) {
        const names = [sumsName, ...files.map(({ name }) => name)];
        // The reason is why it could not be written; that it cannot be removed either says nothing new.
        await removeObjects(releaseId, names).catch(() => undefined);
        if (options.signal?.aborted) throw options.signal.reason;
        await discardBuilding(dataDir, releaseId);
        throw told(error, settings);
      }
      await discardBuilding(dataDir, releaseId);
      return { sums, location: `s3://${Bucket}/${folderOf(settings, releaseId)}` };
    },

    async openFile(releaseId, { name, bytes }, range) {
      const { GetObjectCommand } = await import('@aws-sdk/client-s3');
      const Range = range && `bytes=${range.first}-${range.last}`;
      const length = range ? range.last - range.first + 1 : bytes;
      try {
        const client = await connect();
        const answer = await client.send(
          new GetObjectCommand({ Bucket, Key: key(releaseId, name), ...(Range && { Range }) }),
        );
        if (answer.Body instanceof Readable && answer.ContentLength === length) return answer.Body;
        if (answer.Body instanceof Readable) answer.Body.destroy();
      } catch (error) {
        if (!(error instanceof Error && error.name === 'NoSuchKey')) throw told(error, settings);
      }
      throw new Refusal('not_found', `${name} is no longer in the bucket ${Bucket} as it was built.`);
    },

    async remove(releaseId, files) {
      const names = files.map(({ name }) => name).filter((name) => name !== sumsName);
      try {
        await removeObjects(releaseId, [sumsName, ...names]);
      } catch (error) {
        throw told(error, settings);
      }
      await discardBuilding(dataDir, releaseId);
    },
  };
}

const folderOf = ({ prefix }: S3Settings, releaseId: string): string => [prefix, releaseId].filter(Boolean).join('/');

async function createClient(settings: S3Settings, timing: S3Patience): Promise<S3Client> {
  const { S3Client } = await import('@aws-sdk/client-s3');
  const { endpoint, region, credentials, forcePathStyle } = settings;
  return new S3Client({
    region,
    forcePathStyle,
    maxAttempts: timing.tries,
    // Servers other than Amazon's know the newer checksums of the SDK only in part; the release has its own hashes.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      ...{ connectionTimeout: timing.connect, requestTimeout: timing.answer, throwOnRequestTimeout: true },
      socketTimeout: timing.silence,
    },
    ...(endpoint && { endpoint }),
    ...(credentials && { credentials: { accessKeyId: credentials.id, secretAccessKey: credentials.secret } }),
  });
}

/** Names of what S3 and the SDK refuse with, and what that means. `%` is the bucket and where it is. */
const refusals: readonly [RegExp, string][] = [
  [/^NoSuchBucket$/, 'There is no %: make it, or set S3_BUCKET.'],
  [
    /^(AccessDenied|AllAccessDisabled|Forbidden|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken|403)$/,
    'Access to the % was denied: see S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY, and what they may do there.',
  ],
  [/^CredentialsProviderError$/, 'There are no credentials for the %: set S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY.'],
  [/^(PermanentRedirect|AuthorizationHeaderMalformed|301)$/, 'The % is in another region: set S3_REGION.'],
  [/^(NotFound|404)$/, 'There is no % (404): see S3_BUCKET, S3_ENDPOINT and S3_FORCE_PATH_STYLE.'],
  [
    /^(TimeoutError|ECONN\w+|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|EHOSTUNREACH|ENETUNREACH|ERR_TLS\w*|\w*CERT\w*)$/,
    'The % cannot be reached.',
  ],
];

/** The refusal in words, with the endpoint, the bucket and S3's own name for it; never a secret. Other errors are returned. */
function told(error: unknown, settings: S3Settings): unknown {
  if (!(error instanceof Error) || error instanceof Refusal) return error;
  const where = `bucket ${settings.bucket} at ${settings.endpoint ?? `Amazon S3 in ${settings.region}`}`;
  const names = namesOf(error);
  if (isStorageFull(error) || names.some((name) => /StorageFull|QuotaExceeded|^507$/.test(name)))
    return new Refusal('storage_full', `There is no room left in the ${where} (${names.join(', ')}).`);
  const [, words] = refusals.find(([pattern]) => names.some((name) => pattern.test(name))) ?? [];
  if (words === undefined && !('$metadata' in error)) return error;
  return new Refusal('unavailable', `${(words ?? 'The % refused.').replace('%', where)} It said: ${names.join(', ')}.`);
}

/** What an error and its causes are called: their names, codes, and the status that came with them. */
function namesOf(error: Error): string[] {
  const names = new Set<string>();
  for (let inner: unknown = error; inner instanceof Error; inner = inner.cause) {
    if (inner.name !== 'Error') names.add(inner.name);
    if ('code' in inner && typeof inner.code === 'string') names.add(inner.code);
    if ('$metadata' in inner && isAnswered(inner.$metadata)) names.add(String(inner.$metadata.httpStatusCode));
  }
  return [...names];
}

function isAnswered(value: unknown): value is { httpStatusCode: number } {
  return (
    typeof value === 'object' && value !== null && 'httpStatusCode' in value && typeof value.httpStatusCode === 'number'
  );
}
