import { z } from 'zod';
import { endpoint } from './endpoint.ts';

export const health = endpoint({
  method: 'GET',
  path: '/api/health',
  access: 'anyone',
  summary: 'Liveness, with the state of the database',
  response: z.object({ status: z.enum(['ok', 'failing']), database: z.enum(['ok', 'failing']), version: z.string() }),
});
