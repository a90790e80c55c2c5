import type { FastifyInstance } from 'fastify';
import * as endpoints from '../../../shared/releases.ts';
import type { Context } from '../../context.ts';
import { route } from '../../http/route.ts';
import { stopping, upload } from '../../http/upload.ts';
import { deleteBenchmark, listBenchmarks, uploadBenchmark } from './benchmarks.ts';

export function benchmarkRoutes(app: FastifyInstance, context: Context): void {
  const { db, clock } = context;
  const stop = stopping(app);
  route(app, context, endpoints.uploadBenchmark, async ({ query }, { user, request }) => ({
    benchmark: await uploadBenchmark(db, user, query.name, upload(request, stop), clock),
  }));
  route(app, context, endpoints.listBenchmarks, async () => ({ benchmarks: await listBenchmarks(db) }));
  route(app, context, endpoints.deleteBenchmark, ({ params }, { user }) =>
    deleteBenchmark(db, user, params.benchmarkId),
  );
}
