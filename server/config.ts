/**
 * The settings: flags over environment over file over defaults, each checked
 * once, here. Whoever is handed a `ServeConfig` or `ClientConfig` checks nothing.
 */
import { readFileSync } from 'node:fs';
import { LineCounter, isMap, isScalar, parseDocument } from 'yaml';
import { parseAddress } from './address.js';
import { durationForm, parseDuration } from './duration.js';

/** Every default. */
export const defaults = {
  /** Where `serve` listens. Loopback: there is no authentication. */
  listen: ['127.0.0.1:8765'],
  /** Where `serve` keeps its data. */
  data: './data',
  /** The least level of the log. */
  log_level: 'info',
  /** How long `serve` waits for calls under way when it is asked to end. */
  grace: '10s',
  /** Where client commands find the server. */
  server: '127.0.0.1:8765',
  /** Whose studies client commands mean. */
  owner: 'default',
  /** How long client commands wait for one answer. */
  timeout: '10s',
} as const;

export interface ServeConfig {
  /** Addresses, `host:port` or `unix:/path`; at least one. */
  readonly listen: readonly string[];
  readonly data: string;
  readonly logLevel: string;
  readonly graceMs: number;
}

export interface ClientConfig {
  /** `host:port` or `unix:/path`. */
  readonly server: string;
  readonly owner: string;
  readonly timeoutMs: number;
}

/** Where settings come from. Flags are named as in `defaults`, in camel case, as commander hands them over. */
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

/** From the most talkative. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Settings of `wazir serve`. Throws ConfigError. */
export function serveConfig(sources: ConfigSources): ServeConfig {
  const find = finder(sources, readConfigFile(sources));
  return {
    listen: find('listen', list),
    data: find('data', text),
    logLevel: find('log_level', oneOf(logLevels)),
    graceMs: find('grace', milliseconds),
  };
}

/** Settings of the commands that talk to a server. Throws ConfigError. */
export function clientConfig(sources: ConfigSources): ClientConfig {
  const find = finder(sources, new Map());
  return {
    server: find('server', address(1)),
    owner: find('owner', text),
    timeoutMs: find('timeout', milliseconds),
  };
}

type Name = keyof typeof defaults;

/** A value with the place it comes from, as messages name it. */
interface Found {
  readonly value: unknown;
  readonly setting: string;
}

type Parse<T> = (value: unknown) => T | { readonly problem: string };

function finder({ flags, environment }: ConfigSources, file: ReadonlyMap<string, Found>) {
  return <T>(name: Name, parse: Parse<T>): T => {
    const flag = flags[name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase())];
    const variable = `WAZIR_${name.toUpperCase()}`;
    const found: Found =
      flag !== undefined
        ? { value: flag, setting: `--${name.replaceAll('_', '-')}` }
        : // An empty variable is one that a template left empty.
          (environment[variable] ?? '') !== ''
          ? { value: environment[variable], setting: variable }
          : (file.get(name) ?? { value: defaults[name], setting: name });
    const parsed = parse(found.value);
    if (typeof parsed === 'object' && parsed !== null && 'problem' in parsed) {
      throw new ConfigError(found.setting, parsed.problem);
    }
    return parsed;
  };
}

const fileKeys: readonly string[] = ['listen', 'data', 'log_level', 'grace'] satisfies Name[];

function readConfigFile({ flags, environment }: ConfigSources): ReadonlyMap<string, Found> {
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
    if (!fileKeys.includes(name))
      throw new ConfigError(setting, `no such setting; there are ${fileKeys.join(', ')}`);
    found.set(name, { value: document.createNode(value).toJS(document) as unknown, setting });
  }
  return found;
}

const text: Parse<string> = (value) =>
  typeof value === 'string' && value !== '' ? value : { problem: 'expected a text' };

function oneOf(allowed: readonly string[]): Parse<string> {
  return (value) =>
    typeof value === 'string' && allowed.includes(value)
      ? value
      : { problem: `expected one of ${allowed.join(', ')}` };
}

const milliseconds: Parse<number> = (value) => {
  const duration = typeof value === 'string' ? parseDuration(value) : undefined;
  if (duration === undefined) return { problem: `expected ${durationForm}` };
  return duration.seconds * 1_000 + duration.nanos / 1e6;
};

function address(leastPort: number): Parse<string> {
  return (value) => {
    const parsed = typeof value === 'string' ? parseAddress(value, leastPort) : undefined;
    return parsed === undefined
      ? { problem: `expected host:port with a port from ${leastPort} to 65535, or unix:/path` }
      : (value as string);
  };
}

/** A list of addresses, or one text with commas. */
const list: Parse<readonly string[]> = (value) => {
  const given: unknown[] = Array.isArray(value)
    ? value
    : typeof value === 'string'
      ? value.split(',')
      : [value];
  const addresses: string[] = [];
  // Port 0 lets the system choose one; the log tells which.
  const parse = address(0);
  for (const entry of given) {
    const parsed = parse(typeof entry === 'string' ? entry.trim() : entry);
    if (typeof parsed !== 'string') return { problem: `${JSON.stringify(entry)}: ${parsed.problem}` };
    addresses.push(parsed);
  }
  return addresses.length > 0 ? addresses : { problem: 'expected at least one address' };
};
