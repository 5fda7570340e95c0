import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { curves, type Curves } from './picture.js';

const spread = (median: number) => ({ median, low: median * 0.8, high: median * 1.3 });
const given: Curves = {
  file: 'some-curve.svg',
  title: 'Calls in large studies',
  x: { name: 'trials', values: [1e3, 1e4, 1e5, 1e6] },
  panels: [
    {
      y: 'latency, ms',
      lines: [
        { name: 'suggest, median', colour: 0, spreads: [1, 1.2, 1.1, 1.4].map(spread) },
        { name: 'suggest, p99', colour: 0, isDashed: true, spreads: [4, 5, 6, 7].map(spread) },
      ],
    },
    {
      y: 'CPU, µs',
      lines: [{ name: 'suggest, CPU', colour: 1, spreads: [spread(200), undefined, spread(400)] }],
    },
  ],
};

describe('curves', () => {
  const { svg } = curves(given);

  it('are an SVG with a title, named axes, a legend and their numbers', () => {
    assert.match(svg, /^<svg [^>]*xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    for (const text of [
      'Calls in large studies',
      'trials',
      'latency, ms',
      'CPU, µs',
      'suggest, p99',
      '1,000,000',
    ])
      assert.ok(svg.includes(`>${text}<`), text);
  });

  it('show spread: a bar with two caps at every point', () => {
    const bars = svg.match(/stroke-width="1.2"/g) ?? [];
    assert.equal(bars.length, (4 + 4 + 2) * 3);
  });

  it('are the same text each time they are drawn, whatever was drawn before', () => {
    curves({ ...given, file: 'other.svg' });
    assert.equal(curves(given).svg, svg);
    assert.doesNotMatch(svg, /zr\d/);
  });
});
