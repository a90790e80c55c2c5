/** A program that writes a split without end, and tells of each page with a dot: made to be killed. */
import { lineOf, openSplit } from '../../server/releases/files/writer.ts';
import { dialogueFields, dialogueRow } from './release-rows.ts';

const [folder = '', container = '', compression = '', shardBytes = ''] = process.argv.slice(2);
const writer = await openSplit({
  folder,
  name: 'data/train',
  fields: dialogueFields,
  container: container === 'parquet' ? 'parquet' : 'jsonl',
  compression: compression === 'gzip' || compression === 'zstd' ? compression : 'none',
  shardBytes: Number(shardBytes),
});
for (let n = 0; ;) {
  await writer.write(Array.from({ length: 3 }, () => lineOf(dialogueRow(n++))));
  process.stdout.write('.');
}
