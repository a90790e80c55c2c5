import OpenAI from 'openai';
import type { Fetch } from '../connection.ts';
import type { Source } from '../provider.ts';
import { readableRefusal } from './failure.ts';

/** The protocol's client for one model; all that it sends goes through `fetch`. */
export function clientOf({ baseUrl, apiKey }: Source, fetch: Fetch): OpenAI {
  return new OpenAI({
    baseURL: baseUrl.replace(/\/+$/, ''),
    // Left out, these would be taken from the environment of the process and sent to whatever server this is.
    apiKey: apiKey ?? 'none',
    adminAPIKey: null,
    organization: null,
    project: null,
    webhookSecret: null,
    defaultHeaders: apiKey === null ? { authorization: null } : {},
    // Waiting and trying again is done outside, where one can say so.
    maxRetries: 0,
    timeout: 24 * 3_600_000 /* ms */,
    logLevel: 'off',
    fetch: async (url, init) => readableRefusal(await fetch(url, init)),
  });
}
