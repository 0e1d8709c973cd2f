/** Cells of what commands print: for people and for spreadsheets. */

/** Cells are cut here, in UTF-16 code units: nobody's name may push the others off the screen. */
const WIDEST = 40;

/** A table with its heads, in columns. */
export function columns(heads: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = heads.map((head, column) => Math.min(WIDEST, Math.max(head.length, ...rows.map((cells) => cells[column]?.length ?? 0))));
  return [heads, ...rows].map((cells) =>
    cells
      .map((cell, column) => cell.slice(0, WIDEST).padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

/** An amount of bytes for people. */
export function bytesText(amount: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = amount;
  let unit = 0;
  for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${units[unit]}`;
}

/** A cell by RFC 4180. What would count as a formula gets an apostrophe in front. */
export function csvCell(value: string | number | undefined): string {
  if (value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
