import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from 'vitest';
import { addressFault, addressRefused, type Resolve } from '../../server/models/address.ts';
import { createFetch } from '../../server/models/connection.ts';
import { failureOf } from '../../server/models/providers/failure.ts';

describe('a base URL', () => {
  test.each([
    'http://169.254.169.254/v1',
    'http://169.254.1.2:8000/v1',
    'http://0xa9fea9fe/v1',
    'http://2852039166/v1',
    'http://0251.0376.0251.0376/v1',
    'http://[::ffff:169.254.169.254]/v1',
    'http://[::ffff:a9fe:a9fe]/v1',
    'http://[64:ff9b::169.254.169.254]/v1',
    'http://[fe80::1]/v1',
    'http://[febf::1]/v1',
    'http://[fd00:ec2::254]/v1',
    'http://0.0.0.0:8000/v1',
    'http://0/v1',
    'http://[::]:8000/v1',
    'http://100.100.100.200/v1',
    'http://metadata.google.internal/v1',
    'http://METADATA.google.internal./v1',
    'http://metadata/v1',
  ])('%s is refused', (url) => {
    expect(addressFault(url, null)).toMatch(/link-local or metadata/);
  });

  test.each([
    'http://127.0.0.1:8000/v1',
    'http://localhost:11434/v1',
    'http://[::1]:8000/v1',
    'http://10.1.2.3/v1',
    'http://192.168.0.9:8080/v1',
    'http://[fd12::1]/v1',
    'https://llm.example.org/v1',
  ])('%s is allowed', (url) => {
    expect(addressFault(url, null)).toBeNull();
  });

  test('holds no user name, no query and no other protocol', () => {
    expect(addressFault('http://me:secret@localhost/v1', null)).toMatch(/user name or password/);
    expect(addressFault('http://localhost/v1?key=1', null)).toMatch(/end with its path/);
    expect(addressFault('file:///etc/passwd', null)).toMatch(/http or https/);
    expect(addressFault('no address', null)).toMatch(/http or https/);
  });

  test('is on an allowed host where MODEL_HOSTS names some', () => {
    const hosts = ['llm.example.org', 'localhost:8000', '[::1]'];
    expect(addressFault('https://LLM.example.org/v1', hosts)).toBeNull();
    expect(addressFault('http://llm.example.org:9/v1', hosts)).toBeNull();
    expect(addressFault('http://localhost:8000/v1', hosts)).toBeNull();
    expect(addressFault('http://[::1]:5/v1', hosts)).toBeNull();
    expect(addressFault('http://localhost:8001/v1', hosts)).toMatch(/MODEL_HOSTS/);
    expect(addressFault('http://other.example.org/v1', hosts)).toMatch(/MODEL_HOSTS/);
    expect(addressFault('http://169.254.169.254/v1', ['169.254.169.254'])).toMatch(/metadata/);
  });
});

test('only addresses are refused as such', () => {
  expect(addressRefused('169.254.169.254')).toBe(true);
  expect(addressRefused('localhost')).toBe(false);
});

describe('on connecting', () => {
  const answering =
    (...addresses: string[]): Resolve =>
    (_host, _options, done) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      );

  test.each([['169.254.169.254'], ['127.0.0.1', '169.254.169.254'], ['::ffff:169.254.169.254'], ['fe80::1']])(
    'a name that resolves to %s is refused',
    async (...addresses) => {
      const { fetch, close } = createFetch(null, answering(...addresses));
      const error: unknown = await fetch('http://innocent.example.org:1/v1').catch((error: unknown) => error);
      const failure = failureOf(error, null);
      expect(failure).toMatchObject({ kind: 'unreachable', passing: false });
      expect(failure.message).toMatch(/link-local or metadata/);
      close();
    },
  );

  test('a redirect is not followed, and a name that resolves to this machine is reached', async () => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { fetch, close } = createFetch(null, answering('127.0.0.1'));
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://innocent.example.org:${port}/v1`);
    expect(response.status).toBe(302);
    expect(asked).toEqual(['/v1']);
    close();
    server.close();
  });
});
