import type { LookupAddress, LookupOptions } from 'node:dns';
import { BlockList, isIP } from 'node:net';

/*
 * Where requests to model servers may go. Servers on this machine and in the private network are what this is for, and are
 * allowed. Refused is what no model server is behind: the link-local addresses at which clouds give out the machine's own
 * credentials, the few other addresses that they use for it, and those that mean no host in particular. IPv4 in the clothes
 * of IPv6 is seen through.
 */
const refused = new BlockList();
refused.addSubnet('169.254.0.0', 16, 'ipv4');
refused.addSubnet('fe80::', 10, 'ipv6');
// AWS by IPv6, Alibaba Cloud, Oracle Cloud.
refused.addAddress('fd00:ec2::254', 'ipv6');
refused.addAddress('100.100.100.200', 'ipv4');
refused.addAddress('192.0.0.192', 'ipv4');
// "This host", multicast, broadcast.
refused.addSubnet('0.0.0.0', 8, 'ipv4');
refused.addAddress('::', 'ipv6');
refused.addSubnet('224.0.0.0', 4, 'ipv4');
refused.addSubnet('240.0.0.0', 4, 'ipv4');
refused.addSubnet('ff00::', 8, 'ipv6');
// Those of IPv4 inside NAT64, 6to4 and the old IPv4-compatible form; BlockList itself knows the mapped form.
for (const prefix of ['64:ff9b::a9fe:0', '::a9fe:0']) refused.addSubnet(prefix, 112, 'ipv6');
refused.addSubnet('2002:a9fe::', 32, 'ipv6');

const metadataNames = /^(metadata|instance-data|metadata\.(google\.internal|goog)|instance-data\.ec2\.internal)\.?$/i;

/** Hosts that model servers may be on, as `host` or `host:port`, an IPv6 address in brackets; null means any. */
export type Hosts = readonly string[] | null;

export function addressRefused(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && refused.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Why a base URL cannot be used, in words, or null. What its name resolves to is seen only when one connects. */
export function addressFault(baseUrl: string, hosts: Hosts): string | null {
  const url = URL.parse(baseUrl);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    return 'must be an http or https address';
  if (url.username !== '' || url.password !== '')
    return 'must not hold a user name or password: the key has a field of its own';
  if (url.search !== '' || url.hash !== '') return 'must end with its path: nothing after a ? or #';
  const name = hostOf(url);
  if (addressRefused(name) || metadataNames.test(name))
    return 'is a link-local or metadata address, which no model server is behind';
  if (hosts !== null && !hosts.includes(url.hostname) && !hosts.includes(`${url.hostname}:${portOf(url)}`))
    return `is not on one of the hosts that MODEL_HOSTS allows (${hosts.join(', ')})`;
  return null;
}

/** The host as it is connected to: an IPv6 address without brackets. */
export function hostOf(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

function portOf(url: URL): string {
  return url.port || (url.protocol === 'https:' ? '443' : '80');
}

/** A connection that was not made, since the host's name stands for an address that is refused. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

type Found = (error: Error | null, addresses: LookupAddress[]) => void;
/** As `dns.lookup` for all addresses. */
export type Resolve = (host: string, options: LookupOptions & { all: true }, done: Found) => void;
type Lookup = (
  host: string,
  options: LookupOptions,
  done: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
) => void;

/** The `lookup` of sockets that fails where a name resolves to a refused address, among others or alone. */
export const guarded =
  (resolve: Resolve): Lookup =>
  (host, options, done) => {
    resolve(host, { ...options, all: true }, (error, addresses) => {
      if (error) return done(error, []);
      const [first] = addresses;
      if (first === undefined || addresses.some(({ address }) => addressRefused(address)))
        done(new AddressRefused('the name stands for a refused address'), []);
      else if (options.all) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
