import type { Release } from '../../../shared/releases.ts';
import { Refusal } from '../../problem.ts';
import { type S3Settings, s3Store } from './s3.ts';
import { diskStore, type ReleaseStore } from './store.ts';

/** Where this server can keep releases. They are built on its disk, wherever they are kept. */
export interface Stores {
  readonly dataDir: string;
  readonly disk: ReleaseStore;
  /** Null where it was told of none. */
  readonly s3: ReleaseStore | null;
}

export function openStores({ dataDir, s3 }: { dataDir: string; s3: S3Settings | null }): Stores {
  return { dataDir, disk: diskStore(dataDir), s3: s3 && s3Store(s3, dataDir) };
}

/** Where this release is kept. Throws `unavailable` where that is S3, and this server is not told of it any more. */
export function storeOf(stores: Stores, { destination }: Pick<Release, 'destination'>): ReleaseStore {
  if (destination === 'disk') return stores.disk;
  if (stores.s3 === null)
    throw new Refusal('unavailable', 'The release is on S3, and this server is told of none: set S3_BUCKET.');
  return stores.s3;
}
