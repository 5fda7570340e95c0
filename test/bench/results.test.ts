import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import type { Experiment, Outcome } from './experiment.js';
import { asJson, asMarkdown, asText, writeResults, type Answered } from './results.js';

const answered = (given: Partial<Experiment>, outcome: Outcome): Answered => ({
  experiment: { name: 'calls', about: 'What is asked.', run: async () => outcome, ...given },
  outcome,
});
const target = (question: string, ratio: number) => ({ question, ratio, low: ratio / 2, high: 2 * ratio });
const picture = { file: 'growth.svg', title: 'Growth', svg: '<svg/>' };
const run: readonly Answered[] = [
  answered(
    { name: 'slow calls', chapter: 'against the echo' },
    {
      targets: [{ ...target('slow calls', 0.5), target: '>= 0.60' }],
      figures: { head: ['', 'CPU'], rows: [['slow', '3 µs']] },
    },
  ),
  answered(
    { name: 'opening' },
    { targets: [{ ...target('opening: bytes', 512.3456), target: '<= 600 B' }], pictures: [picture] },
  ),
  answered(
    { name: 'fast calls', chapter: 'against the echo' },
    { figures: { head: ['', 'CPU'], rows: [['fast', '1 µs']] }, remark: 'a tool IS MISSING' },
  ),
];

describe('results', () => {
  const markdown = asMarkdown(run, ['two cores'], 9.6);

  it('hold every target with its spread, unit and whether it is met', () => {
    assert.ok(markdown.includes('| slow calls | 0.5 | 0.25–1 | ≥ 0.60 | not met |'));
    assert.ok(markdown.includes('| opening: bytes | 512 B | 256–1,020 | ≤ 600 B | met |'));
  });

  it('tell experiments of one heading in one table', () => {
    const [, chapter] = /## Against the echo\n([^#]*)/.exec(markdown)!;
    assert.match(chapter!, /\| slow \| 3 µs \|\n\| fast \| 1 µs \|\n/);
    assert.match(chapter!, /\*\*a tool IS MISSING\*\*/);
    assert.equal(markdown.match(/## Against the echo/g)?.length, 1);
  });

  it('tell on what machine, and link the pictures', () => {
    assert.match(markdown, /^- two cores$/m);
    assert.match(markdown, /^!\[Growth\]\(pictures\/growth\.svg\)$/m);
  });

  it('are tables on the terminal too', () => {
    const text = asText(run);
    assert.match(text, /^slow calls +0\.5 +0\.25–1 +≥ 0\.60 +not met$/m);
    assert.match(text, /^fast +1 µs$/m);
    assert.match(text, /^a tool IS MISSING$/m);
  });

  it('are lines of JSON with the keys of the table of targets, three digits each', () => {
    const [row] = run[1]!.outcome.targets!;
    assert.equal(
      asJson(row!),
      '{"question":"opening: bytes","ratio":512,"low":256,"high":1020,"target":"<= 600 B"}',
    );
  });

  it('replace the pictures of the run before', (t) => {
    const directory = mkdtempSync(path.join(tmpdir(), 'wazir-results-'));
    t.after(() => rmSync(directory, { recursive: true, force: true }));
    writeResults(directory, [answered({}, { pictures: [{ ...picture, file: 'old.svg' }] })], 1);
    writeResults(directory, run, 1);
    assert.deepEqual(readdirSync(path.join(directory, 'pictures')), ['growth.svg']);
    // Where it was measured: machine, Node, libraries, commit.
    assert.match(readFileSync(path.join(directory, 'RESULTS.md'), 'utf8'), /^- Node v\d.*@grpc\/grpc-js \d/m);
  });
});
