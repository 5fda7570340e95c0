import Table from 'cli-table3';

const nothing = { top: '', 'top-mid': '', 'top-left': '', 'top-right': '' };
const borderless = {
  ...nothing,
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Columns of text under a heading, without a frame; cells are shown as they are, so users' texts come escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  // No styles of the library's own: it would colour whatever the output is.
  const style = { head: [], border: [], 'padding-left': 0, 'padding-right': 0 };
  const grid = new Table({ head: [...head], chars: borderless, style });
  for (const row of rows) grid.push([...row]);
  return withoutTrailingBlanks(grid.toString());
}

/** Lines of `name  value`. */
export function facts(rows: readonly (readonly [name: string, value: string | undefined])[]): string {
  const known = rows.filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== '');
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join('\n');
}

function withoutTrailingBlanks(text: string): string {
  return text.replace(/[ \t]+$/gm, '');
}
