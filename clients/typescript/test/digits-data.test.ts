import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLASSES, loadDigits, PIXELS, split } from '../examples/digits/digits-data.js';

test('all 1,797 images are read, with pixels from 0 to 1 and every digit', async () => {
  const { count, pixels, labels } = await loadDigits();
  assert.equal(count, 1_797);
  assert.equal(pixels.length, 1_797 * PIXELS);
  assert.equal(Math.min(...labels), 0);
  assert.equal(new Set(labels).size, CLASSES);
  assert.deepEqual(
    [pixels.reduce((a, b) => Math.min(a, b)), pixels.reduce((a, b) => Math.max(a, b))],
    [0, 1],
  );
  // The first image: a zero, whose third pixel is 5 of 16.
  assert.deepEqual([labels[0], pixels[2]], [0, 5 / 16]);
});

test('a split shares out every image once, the same for the same seed', async () => {
  const images = await loadDigits();
  const { training, heldOut } = split(images, 7);
  assert.deepEqual([training.count, heldOut.count], [1_258, 539]);
  const rows = ({ count, pixels, labels }: typeof images) =>
    Array.from(
      { length: count },
      (_, i) => `${labels[i]} ${pixels.subarray(i * PIXELS, (i + 1) * PIXELS).join()}`,
    );
  assert.deepEqual([...rows(training), ...rows(heldOut)].sort(), rows(images).sort());
  assert.deepEqual(split(images, 7).heldOut.labels, heldOut.labels);
  assert.notDeepEqual(split(images, 8).heldOut.labels, heldOut.labels);
});
