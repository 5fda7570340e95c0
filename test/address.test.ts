import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLocal, parseAddress } from '../server/address.js';

test('addresses are host and port, or the path of a socket', () => {
  assert.deepEqual(parseAddress('localhost:8765', 0), { kind: 'tcp', host: 'localhost', port: 8765 });
  assert.deepEqual(parseAddress('[::1]:0', 0), { kind: 'tcp', host: '::1', port: 0 });
  assert.deepEqual(parseAddress('unix:/run/w.sock', 0), { kind: 'unix', path: '/run/w.sock' });
  assert.deepEqual(parseAddress('unix:///run/w.sock', 0), { kind: 'unix', path: '/run/w.sock' });
  assert.deepEqual(parseAddress('unix:w.sock', 0), { kind: 'unix', path: 'w.sock' });
});

test('what is neither is refused', () => {
  const wrong = [
    '',
    ':1',
    'a',
    'a:',
    'a:b',
    'a:65536',
    'a:-1',
    '::1:80',
    'a:1:2',
    'http://a:1',
    'unix:',
    'a b:1',
    'a/b:1',
  ];
  for (const text of wrong) assert.equal(parseAddress(text, 0), undefined, text);
  assert.equal(parseAddress('a:0', 1), undefined);
});

test('only loopback and sockets are local', () => {
  const local = (text: string) => isLocal(parseAddress(text, 0)!);
  for (const text of ['127.0.0.1:1', '127.9.8.7:1', 'localhost:1', '[::1]:1', 'unix:/x'])
    assert.ok(local(text), text);
  for (const text of ['0.0.0.0:1', '[::]:1', '10.0.0.1:1', '127.example.com:1'])
    assert.ok(!local(text), text);
});
