import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certificateNames } from '../../server/access/certificate-names.js';

test('SPIFFE ids and DNS names, and nothing else', () => {
  const cases: [text: string | undefined, names: string[]][] = [
    [undefined, []],
    ['', []],
    [
      'DNS:Worker.Example.org, URI:spiffe://example.org/ns/a/sa/b',
      ['worker.example.org', 'spiffe://example.org/ns/a/sa/b'],
    ],
    ['IP Address:127.0.0.1, DNS:a, email:a@example.org, othername:<unsupported>, DNS:b', ['a', 'b']],
    ['DNS:*.example.org, DNS:a.example.org', ['a.example.org']],
    ['URI:https://example.org/a, URI:spiffe://EXAMPLE.org/a, URI:spiffe://example.org/../a', []],
    // As Node writes names that hold what separates names (CVE-2021-44532).
    ['DNS:"a.example.org, DNS:admin.example.org"', []],
    ['URI:"spiffe://example.org/a\\u002c spiffe://example.org/b", DNS:b', ['b']],
    ['URI:"http://x/\\", URI:spiffe://example.org/admin", DNS:b', ['b']],
    ['DirName:CN=a\\nb, DNS:b', ['b']],
    // Not whole: nothing of it counts.
    ['DNS:a, DNS:"b', []],
    ['DNS:a,DNS:b', []],
    ['DNS:a, nonsense', []],
    ['spiffe://example.org/a', []],
  ];
  for (const [text, names] of cases) assert.deepEqual(certificateNames(text), names, text);
});
