/** The scripted model server in a process of its own: `node model-process.ts <first ms> <between ms> <words>` prints its address. */
import { startModelServer } from '../support/model-server.ts';

const [firstMs = 0, betweenMs = 0, words = 24] = process.argv.slice(2).map(Number);
const server = await startModelServer({ firstMs, betweenMs, words });
console.log(server.url);
