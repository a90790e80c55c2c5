import { z } from 'zod';
import { endpoint } from './endpoint.ts';

export const health = endpoint({
  method: 'GET',
  path: '/api/health',
  access: 'anyone',
  summary: 'Liveness; 503 where the database does not answer',
  response: z.object({ status: z.literal('ok'), database: z.literal('ok'), version: z.string() }),
});
