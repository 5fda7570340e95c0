/** Sums profiles up: what took the time, what was allocated where. The files are JSON, in the form of Chrome's developer tools. */

import path from 'node:path';

const repository = `${path.resolve(import.meta.dirname, '../../..')}/`;

/** One line of a summary. */
export interface Share {
  readonly name: string;
  /** Microseconds, or bytes. */
  readonly self: number;
}

export interface Summary {
  readonly total: number;
  /** The most first. */
  readonly byFunction: readonly Share[];
  readonly byPlace: readonly Share[];
}

interface CallFrame {
  readonly functionName: string;
  /** `file:///…`, `node:…`, or empty for what V8 itself does. */
  readonly url: string;
  readonly lineNumber: number;
}

export interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: CallFrame }[];
  readonly samples: readonly number[];
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[];
}

export interface HeapProfile {
  readonly head: HeapNode;
}

interface HeapNode {
  readonly callFrame: CallFrame;
  /** Bytes allocated by the function itself. */
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

/** Time without work is no cost: it is left out. */
export function summarizeCpu({ nodes, samples, timeDeltas }: CpuProfile): Summary {
  const frames = new Map(nodes.map(({ id, callFrame }) => [id, callFrame]));
  const sums = new Sums();
  samples.forEach((id, i) => {
    const frame = frames.get(id)!;
    if (frame.functionName !== '(idle)') sums.add(frame, timeDeltas[i]!);
  });
  return sums.summary();
}

export function summarizeHeap({ head }: HeapProfile): Summary {
  const sums = new Sums();
  const nodes = [head];
  for (let node = nodes.pop(); node; node = nodes.pop()) {
    sums.add(node.callFrame, node.selfSize);
    nodes.push(...node.children);
  }
  return sums.summary();
}

class Sums {
  #total = 0;
  readonly #functions = new Map<string, number>();
  readonly #places = new Map<string, number>();

  add(frame: CallFrame, amount: number): void {
    this.#total += amount;
    const place = placeOf(frame);
    const name = frame.functionName || '(anonymous)';
    const file = fileOf(frame.url);
    // Lines are counted from 0 in profiles.
    const where = file === '' ? name : `${name} ${file}:${frame.lineNumber + 1}`;
    increase(this.#functions, where, amount);
    increase(this.#places, place, amount);
  }

  summary(): Summary {
    return { total: this.#total, byFunction: sorted(this.#functions), byPlace: sorted(this.#places) };
  }
}

function increase(sums: Map<string, number>, name: string, by: number): void {
  if (by > 0) sums.set(name, (sums.get(name) ?? 0) + by);
}

function sorted(sums: ReadonlyMap<string, number>): Share[] {
  return [...sums].map(([name, self]) => ({ name, self })).sort((a, b) => b.self - a.self);
}

/** The package, the part of our server, Node's own module, or what V8 calls it: `(garbage collector)`. */
function placeOf({ url, functionName }: CallFrame): string {
  const file = fileOf(url);
  if (file === '') return functionName.startsWith('(') ? functionName : '(native)';
  if (file.startsWith('node:')) return file;
  const parts = file.split('/');
  if (parts[0] === 'node_modules') return parts.slice(1, parts[1]?.startsWith('@') ? 3 : 2).join('/');
  return parts.slice(0, 2).join('/');
}

/** A file of ours from the repository's root, a package's from `node_modules`; CommonJS has no `file:` before its path. */
function fileOf(url: string): string {
  const file = url.replace(/^file:\/\//, '');
  const packages = file.lastIndexOf('/node_modules/');
  if (packages >= 0) return file.slice(packages + 1);
  return file.startsWith(repository) ? file.slice(repository.length) : file;
}
