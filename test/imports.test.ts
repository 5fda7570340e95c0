/** Who may import whom: the whole table, and no cycles. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

interface Import {
  /** A path below `server/` without its ending, or the name of a package or of a part of Node. */
  readonly of: string;
  readonly isTypeOnly: boolean;
}

const server = fileURLToPath(new URL('../server', import.meta.url));

/**
 * What the files of a place may import, as patterns of paths and packages. Every
 * place may import from itself. `type` packages only as types.
 */
const table: Readonly<
  Record<string, { readonly may: readonly RegExp[]; readonly types?: readonly RegExp[] }>
> = {
  codec: { may: [/^@bufbuild\/protobuf\/wire$/] },
  domain: { may: [/^gen\//] },
  policy: { may: [/^domain\//] },
  store: { may: [/^domain\//, /^gen\//, /^level$/, /^@bufbuild\/protobuf\/wire$/, /^node:/] },
  engine: {
    may: [
      /^codec\//,
      /^domain\//,
      /^gen\//,
      /^policy\/(samplers|schedulers)\/(index|sampler|scheduler)$/,
      /^store\/(store|keys|schema|record-reader|backup-writer)$/,
      /^node:crypto$/,
    ],
    types: [/^pino$/],
  },
  doctor: {
    may: [
      /^domain\//,
      /^engine\/(clock|engine|load|study)$/,
      /^gen\//,
      /^logger$/,
      /^policy\/schedulers\/ladder$/,
      /^store\//,
      /^level$/,
      /^node:/,
    ],
  },
  access: { may: [/^domain\//, /^gen\//, /^yaml$/, /^node:(crypto|fs\/promises)$/] },
  rpc: {
    may: [/^access\//, /^codec\//, /^engine\//, /^domain\//, /^gen\//, /^@grpc\//, /^node:url$/],
    types: [/^node:(events|http2)$/, /^pino$/],
  },
  front: {
    may: [/^address$/, /^@grpc\/grpc-js$/, /^node:/],
    types: [/^domain\/limits$/, /^pino$/],
  },
  cli: {
    may: [
      /^(app|config|logger|address|duration)$/,
      /^access\//,
      /^doctor\/(examine|repair)$/,
      /^store\/(backup-directory|backup-reader|restore)$/,
      /^domain\//,
      /^gen\//,
      /^(@grpc\/grpc-js|@grpc\/proto-loader|cli-progress|cli-table3|commander|csv-stringify\/sync|grpc-health-check|log-update|picocolors|protobufjs|yaml)$/,
      /^node:/,
    ],
  },
  gen: { may: [/^@bufbuild\/protobuf\/wire$/, /^@grpc\/grpc-js$/] },
  app: { may: [/^(?!main$|cli\/)/] },
  main: { may: [/^cli\//] },
  config: { may: [/^config-(sources|values)$/, /^domain\/limits$/] },
  'config-sources': { may: [/^config-values$/, /^yaml$/, /^node:fs$/] },
  'config-values': { may: [/^(address|duration)$/] },
  logger: { may: [/^pino$/] },
  address: { may: [] },
  duration: { may: [/^gen\//] },
};

const files = readdirSync(server, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => name.replaceAll('\\', '/').replace(/\.ts$/, ''))
  .sort();

function sourceOf(file: string): ts.SourceFile {
  const path = join(server, `${file}.ts`);
  return ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.ESNext, true);
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, isTypeOnly: boolean) => {
    if (!specifier || !ts.isStringLiteral(specifier)) return;
    const { text } = specifier;
    const of = text.startsWith('.')
      ? relative(server, join(server, dirname(file), text))
          .replaceAll('\\', '/')
          .replace(/\.js$/, '')
      : text;
    found.push({ of, isTypeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, onlyTypes(node.importClause));
    else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument))
      add(node.argument.literal, true);
    ts.forEachChild(node, visit);
  };
  visit(sourceOf(file));
  return found;
}

function onlyTypes(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  return (
    !clause.name &&
    !!named &&
    ts.isNamedImports(named) &&
    named.elements.every((element) => element.isTypeOnly)
  );
}

const imports = new Map(files.map((file) => [file, importsOf(file)]));
const placeOf = (file: string) => file.split('/')[0]!;

test('each place imports only what the table lets it', () => {
  const breaches: string[] = [];
  for (const [file, its] of imports) {
    const place = placeOf(file);
    const rule = table[place];
    assert.ok(rule, `${place} has a row in the table`);
    for (const { of, isTypeOnly } of its) {
      const isOwn = of === place || of.startsWith(`${place}/`);
      const may = [...rule.may, ...(isTypeOnly ? (rule.types ?? []) : [])];
      if (!isOwn && !may.some((pattern) => pattern.test(of))) breaches.push(`${file} imports ${of}`);
    }
  }
  assert.deepEqual(breaches, []);
});

test('the table has no row and no pattern that nothing needs', () => {
  const unused: string[] = [];
  for (const [place, { may, types = [] }] of Object.entries(table)) {
    const its = [...imports].filter(([file]) => placeOf(file) === place).flatMap(([, those]) => those);
    assert.ok(
      files.some((file) => placeOf(file) === place),
      `${place} is there`,
    );
    for (const pattern of [...may, ...types])
      if (!its.some(({ of }) => pattern.test(of))) unused.push(`${place}: ${pattern.source}`);
  }
  assert.deepEqual(unused, []);
});

test('every import leads to a file', () => {
  const known = new Set(files);
  const astray = [...imports].flatMap(([file, its]) =>
    its
      .filter(
        ({ of }) =>
          /^(access|domain|front|policy|store|engine|rpc|cli|gen|vizier|web)\//.test(of) && !known.has(of),
      )
      .map(({ of }) => `${file} -> ${of}`),
  );
  assert.deepEqual(astray, []);
});

/** A cycle among files, as a path that ends where it begins; undefined where there is none. */
function findCycle(edges: (file: string) => readonly string[]): string[] | undefined {
  const done = new Set<string>();
  const path: string[] = [];
  const walk = (file: string): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    path.push(file);
    for (const next of edges(file)) {
      const cycle = walk(next);
      if (cycle) return cycle;
    }
    path.pop();
    done.add(file);
    return undefined;
  };
  for (const file of files) {
    const cycle = walk(file);
    if (cycle) return cycle;
  }
  return undefined;
}

test('no file imports itself by way of others', () => {
  assert.deepEqual(
    findCycle((file) =>
      imports
        .get(file)!
        .filter(({ of }) => imports.has(of))
        .map(({ of }) => of),
    ),
    undefined,
  );
});

test('domain and policy know no clock, no chance and no machine', () => {
  const found: string[] = [];
  for (const file of files) {
    if (!['domain', 'policy'].includes(placeOf(file))) continue;
    const visit = (node: ts.Node): void => {
      if (
        ts.isIdentifier(node) &&
        /^(Date|performance|process|globalThis|require|setTimeout|setInterval|setImmediate)$/.test(node.text)
      )
        found.push(`${file}: ${node.text}`);
      if (ts.isPropertyAccessExpression(node) && node.getText() === 'Math.random')
        found.push(`${file}: Math.random`);
      ts.forEachChild(node, visit);
    };
    visit(sourceOf(file));
  }
  assert.deepEqual(found, []);
});
