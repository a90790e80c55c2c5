import { newId } from '../db/ids.ts';
import type { Model, ModelChange, ModelCheck, NewModel } from '../../shared/models.ts';
import { record } from '../accounts/audit.ts';
import type { Context } from '../context.ts';
import { type Database, transaction } from '../db/database.ts';
import { sqlState } from '../db/retry.ts';
import { invalid, notFound, Refusal } from '../problem.ts';
import { addressFault, hostOf } from './address.ts';
import * as queries from './queries.ts';
import { seal } from './sealed.ts';

export type { ModelRow } from './queries.ts';

type Actor = { readonly id: string } | null;
type Means = Pick<Context, 'db' | 'secret' | 'models'>;

/** The model as an admin sees it: its key stays here. */
export function modelView({ apiKey, createdAt, ...row }: queries.ModelRow): Model {
  return { ...row, hasKey: apiKey !== null, createdAt: createdAt.toISOString() };
}

/** Throws `not_found` where there is no such model. */
export async function modelOf(db: Database, modelId: string): Promise<queries.ModelRow> {
  const row = await queries.selectModel(db, modelId);
  if (row === null) throw notFound('model');
  return row;
}

/** All of them, the archived ones too; the newest last. */
export async function listModels(db: Database): Promise<Model[]> {
  return (await queries.selectModels(db)).map(modelView);
}

export async function createModel({ db, secret, models }: Means, actor: Actor, body: NewModel): Promise<Model> {
  const { apiKey, baseUrl, price, ...rest } = body;
  if (rest.provider === 'replay')
    for (const name of ['baseUrl', 'apiKey'] as const) if (body[name]) throw needsNo(name);
  if (baseUrl !== undefined) checkAddress(baseUrl, models.hosts);
  if (apiKey !== undefined) checkKey(apiKey);
  const id = newId();
  return transaction(db, async (tx) => {
    const row = await queries.insertModel(tx, {
      ...rest,
      id,
      model: rest.model ?? 'replay',
      baseUrl: baseUrl ?? null,
      price: price ?? null,
      apiKey: apiKey === undefined ? null : seal(secret, id, apiKey),
    });
    if (row === null) throw nameTaken(rest.name);
    await record(tx, actor, 'model.create', id, noted({ ...body }));
    return modelView(row);
  });
}

export async function changeModel(
  { db, secret, models }: Means,
  actor: Actor,
  modelId: string,
  { apiKey, baseUrl, ...rest }: ModelChange,
): Promise<Model> {
  if (typeof apiKey === 'string') checkKey(apiKey);
  try {
    return await transaction(db, async (tx) => {
      const before = await queries.lockModel(tx, modelId);
      if (before === null) throw notFound('model');
      if (before.provider === 'replay') {
        if (baseUrl !== undefined) throw needsNo('baseUrl');
        if (typeof apiKey === 'string') throw needsNo('apiKey');
      }
      const moved = baseUrl !== undefined && baseUrl !== before.baseUrl;
      if (moved) checkAddress(baseUrl, models.hosts);
      if (moved && before.apiKey !== null && apiKey === undefined && !sameOrigin(baseUrl, before.baseUrl))
        throw invalid(
          'apiKey',
          'is needed with a base URL on another host: a key is not sent to a host that it was not given for. Give a key, or null for none',
        );
      const changed = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
      const row = await queries.updateModel(tx, modelId, {
        ...changed,
        ...(moved && { baseUrl }),
        // What was found out there says nothing of another place.
        ...((moved || (rest.model !== undefined && rest.model !== before.model)) && { check: null }),
        ...(apiKey !== undefined && { apiKey: apiKey === null ? null : seal(secret, modelId, apiKey) }),
        // Also where nothing is to change, something has to be set.
        archived: rest.archived ?? before.archived,
      });
      await record(tx, actor, 'model.change', modelId, noted({ ...rest, baseUrl, apiKey }));
      return modelView(row);
    });
  } catch (error) {
    // The name is the one thing of a model that no two may share.
    if (sqlState(error) === '23505' && rest.name !== undefined) throw nameTaken(rest.name);
    throw error;
  }
}

/** Asks the model's server what it can do, and keeps the answer. */
export async function checkedModel(
  { db, models, clock }: Pick<Context, 'db' | 'models' | 'clock'>,
  modelId: string,
): Promise<ModelCheck> {
  const row = await modelOf(db, modelId);
  const check = await models.check(row, clock());
  // Not where it was moved meanwhile: this is not what is there now.
  await queries.updateCheck(db, row, check);
  return check;
}

function checkAddress(baseUrl: string, hosts: Context['models']['hosts']): void {
  const fault = addressFault(baseUrl, hosts);
  if (fault !== null) throw invalid('baseUrl', fault);
}

/** A key travels in a header of HTTP. */
function checkKey(apiKey: string): void {
  if (!/^[\x21-\x7e]+$/.test(apiKey)) throw invalid('apiKey', 'must be of ASCII characters, without spaces');
}

function sameOrigin(one: string, other: string | null): boolean {
  const [a, b] = [URL.parse(one), URL.parse(other ?? '')];
  // A key that went over TLS must not go over the wire in clear from then on either.
  return a !== null && b !== null && hostOf(a) === hostOf(b) && a.port === b.port && a.protocol === b.protocol;
}

/** For the audit log: never the key itself. */
function noted(change: Record<string, unknown>): Record<string, unknown> {
  const { apiKey, ...rest } = change;
  return apiKey === undefined ? rest : { ...rest, apiKey: apiKey === null ? 'removed' : 'set' };
}

function needsNo(field: string): Refusal {
  return invalid(field, 'has no use here: the demo answers from recorded texts');
}

function nameTaken(name: string): Refusal {
  return new Refusal('conflict', `There is already a model named ${name}.`);
}
