import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { summarizeCpu, summarizeHeap } from './summary.js';

const frame = (functionName: string, url: string, lineNumber = 0) => ({ functionName, url, lineNumber });
const root = new URL('../../..', import.meta.url).href.replace(/\/$/, '');
const frames = {
  seal: frame('seal', `${root}/server/engine/transaction.ts`, 9),
  commit: frame('commit', `${root}/server/engine/transaction.ts`, 99),
  put: frame('put', `${root}/server/store/level.ts`, 4),
  grpc: frame('send', `${root}/node_modules/@grpc/grpc-js/build/src/call.js`, 1),
  level: frame('', '/elsewhere/node_modules/level/index.js', 2),
  http2: frame('respond', 'node:internal/http2/core', 3),
  native: frame('writev', ''),
  collector: frame('(garbage collector)', ''),
  idle: frame('(idle)', ''),
};

describe('summarizeCpu', () => {
  const all = Object.values(frames);
  const nodes = all.map((callFrame, i) => ({ id: i + 1, callFrame }));
  const samples = all.map((_, i) => i + 1);
  const { total, byFunction, byPlace } = summarizeCpu({
    nodes: [...nodes, { id: 100, callFrame: frames.seal }],
    samples: [...samples, 100],
    timeDeltas: [...samples.map((id) => 10 * id), 1],
  });

  it('adds the time of each function up, wherever it was called from, and leaves idle time out', () => {
    assert.equal(total, 10 * (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8) + 1);
    assert.deepEqual(byFunction.slice(0, 2), [
      { name: '(garbage collector)', self: 80 },
      { name: 'writev', self: 70 },
    ]);
    assert.deepEqual(byFunction.at(-1), { name: 'seal server/engine/transaction.ts:10', self: 11 });
    assert.ok(byFunction.some(({ name }) => name === '(anonymous) node_modules/level/index.js:3'));
  });

  it('adds up by package, part of the server, module of Node', () => {
    assert.deepEqual(Object.fromEntries(byPlace.map(({ name, self }) => [name, self])), {
      '(garbage collector)': 80,
      '(native)': 70,
      'node:internal/http2/core': 60,
      level: 50,
      '@grpc/grpc-js': 40,
      'server/store': 30,
      'server/engine': 31,
    });
  });
});

describe('summarizeHeap', () => {
  it('adds up what each function itself has allocated, at any depth', () => {
    const node = (callFrame: typeof frames.seal, selfSize: number, ...children: object[]) => ({
      callFrame,
      selfSize,
      children: children as never[],
    });
    const head = node(frame('(root)', ''), 0, node(frames.seal, 5, node(frames.put, 7)), node(frames.put, 2));
    assert.deepEqual(summarizeHeap({ head }), {
      total: 14,
      byFunction: [
        { name: 'put server/store/level.ts:5', self: 9 },
        { name: 'seal server/engine/transaction.ts:10', self: 5 },
      ],
      byPlace: [
        { name: 'server/store', self: 9 },
        { name: 'server/engine', self: 5 },
      ],
    });
  });
});
