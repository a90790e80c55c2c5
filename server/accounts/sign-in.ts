import type { User } from '../../shared/accounts.ts';
import type { Database } from '../db/database.ts';
import { Refusal } from '../problem.ts';
import { verifyPassword } from './passwords.ts';
import * as queries from './queries.ts';
import { networkOf, throttled } from './throttle.ts';
import { userView } from './users.ts';

/**
 * Who has this email and password.
 * @throws wrong_credentials, the same for a wrong password, an unknown email and a disabled account; too_many_requests
 */
export async function signIn(
  db: Database,
  now: Date,
  { email, password }: { email: string; password: string },
  ip: string,
): Promise<User> {
  const keys = { account: `account:${email}`, address: `address:${networkOf(ip)}` };
  const row = await throttled(db, now, keys, async () => {
    const found = await queries.selectUserByEmail(db, email);
    const right = await verifyPassword(found?.passwordHash ?? null, password);
    return right && found?.disabled === false ? found : null;
  });
  if (row === null) throw new Refusal('wrong_credentials');
  return userView(row);
}
