/** Where settings come from: flags over environment over file over defaults. */
import { readFileSync } from 'node:fs';
import { LineCounter, isMap, isScalar, parseDocument } from 'yaml';
import type { Parse } from './config-values.js';

/** Flags are named as settings, in camel case, as commander hands them over. */
export interface ConfigSources {
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A setting that can not be used; the message names it as the user wrote it. */
export class ConfigError extends Error {
  constructor(setting: string, problem: string) {
    super(`${setting}: ${problem}`);
    this.name = 'ConfigError';
  }
}

/** A value with the place it comes from, as messages name it. */
export interface Found {
  readonly value: unknown;
  readonly setting: string;
}

/** Finds settings by their name in snake case, and reads them. Throws ConfigError. */
export type Finder = <T>(name: string, otherwise: unknown, parse: Parse<T>) => T;

export function finder(
  { flags, environment }: ConfigSources,
  file: ReadonlyMap<string, Found> = new Map(),
): Finder {
  return (name, otherwise, parse) => {
    const flag = flags[camelCase(name)];
    const variable = `WAZIR_${name.toUpperCase()}`;
    const found: Found =
      flag !== undefined
        ? { value: flag, setting: `--${name.replaceAll('_', '-')}` }
        : // An empty variable is one that a template left empty.
          (environment[variable] ?? '') !== ''
          ? { value: environment[variable], setting: variable }
          : (file.get(name) ?? { value: otherwise, setting: name });
    const parsed = parse(found.value);
    if (typeof parsed === 'object' && parsed !== null && 'problem' in parsed)
      throw new ConfigError(found.setting, parsed.problem);
    return parsed;
  };
}

export function camelCase(name: string): string {
  return name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
}

export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** The settings of the file that `--config` or WAZIR_CONFIG names; none where neither does. */
export function readConfigFile(
  { flags, environment }: ConfigSources,
  known: readonly string[],
): ReadonlyMap<string, Found> {
  const path = flags['config'] ?? environment['WAZIR_CONFIG'];
  const found = new Map<string, Found>();
  if (typeof path !== 'string' || path === '') return found;
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigError(path, `can not be read: ${(error as Error).message}`);
  }
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  const [broken] = document.errors;
  if (broken !== undefined)
    throw new ConfigError(`${path}:${lines.linePos(broken.pos[0]).line}`, broken.message);
  if (document.contents === null) return found;
  if (!isMap(document.contents)) throw new ConfigError(path, 'expected settings, such as "data: ./data"');
  for (const { key, value } of document.contents.items) {
    const name = isScalar(key) ? String(key.value) : '?';
    const line = isScalar(key) && key.range ? lines.linePos(key.range[0]).line : 1;
    const setting = `${path}:${line}: ${name}`;
    if (!known.includes(name))
      throw new ConfigError(setting, `no such setting; there are ${known.join(', ')}`);
    found.set(name, { value: document.createNode(value).toJS(document) as unknown, setting });
  }
  return found;
}
