import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { permutation } from './random.js';

export const PIXELS = 64;
export const CLASSES = 10;
const GREATEST_PIXEL = 16;

/** Images and what they show. */
export interface Images {
  readonly count: number;
  /** `count` × 64 pixels from 0 to 1, one image after the other. */
  readonly pixels: Float64Array;
  /** The digit of each image. */
  readonly labels: Uint8Array;
}

/** All 1,797 images in the order of the file. */
export async function loadDigits(): Promise<Images> {
  const text = gunzipSync(await readFile(new URL('digits.csv.gz', import.meta.url))).toString();
  const rows = text
    .trim()
    .split('\n')
    .map((line) => line.split(',').map(Number));
  return {
    count: rows.length,
    pixels: Float64Array.from(rows.flatMap((row) => row.slice(0, PIXELS).map((v) => v / GREATEST_PIXEL))),
    labels: Uint8Array.from(rows, (row) => row[PIXELS]!),
  };
}

/** Holds out three images in ten, chosen by the seed. */
export function split(images: Images, seed: number): { training: Images; heldOut: Images } {
  const order = permutation(images.count, seed);
  const heldOut = Math.round(images.count * 0.3);
  return {
    heldOut: pick(images, order.subarray(0, heldOut)),
    training: pick(images, order.subarray(heldOut)),
  };
}

function pick({ pixels, labels }: Images, chosen: Uint32Array): Images {
  const picked = new Float64Array(chosen.length * PIXELS);
  chosen.forEach((from, to) => picked.set(pixels.subarray(from * PIXELS, (from + 1) * PIXELS), to * PIXELS));
  return { count: chosen.length, pixels: picked, labels: Uint8Array.from(chosen, (i) => labels[i]!) };
}
