// `tminus analyze`: for each file its kind, findings, facts and tables.
import { number } from '../../verdict/wording/index.ts';
import type { AnalyzedFile } from '../analyze/document.ts';
import { findingText } from './finding.ts';
import { mark, paint, type Style, type Tone } from './words.ts';

const MAX_CELL_WIDTH = 88;
const tones: Record<AnalyzedFile['findings'][number]['outcome'], Tone> = { pass: 'good', fail: 'bad', inconclusive: 'hold' };
type Table = AnalyzedFile['tables'][number];

export function renderAnalysis(files: readonly AnalyzedFile[], style: Style): string {
  return files.map((file) => renderFile(file, style).join('\n')).join('\n\n');
}

function renderFile({ file, kind, problem, findings, facts, tables }: AnalyzedFile, style: Style): string[] {
  if (problem !== null) return [`${paint(mark('bad', style), 'bad', style)} ${file}: ${problem}`];
  const width = Math.max(0, ...facts.map(({ subject }) => subject.length));
  return [
    `${file}   ${kind.replaceAll('-', ' ')}`,
    ...findings.map((finding) => `${paint(mark(tones[finding.outcome], style), tones[finding.outcome], style)} ${findingText(finding)}`),
    ...facts.map(({ subject, text }) => `  ${subject.padEnd(width)}   ${text}`),
    ...tables.flatMap(renderTable),
  ];
}

function renderTable({ title, columns, rows, notes }: Table): string[] {
  const heads = columns.map(({ name, unit }) => (unit === '' ? name : `${name} ${unit}`));
  const cells = rows.map((row) => row.map(cellText));
  const widths = heads.map((head, column) => Math.max(head.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const isNumber = columns.map((_, column) => rows.every((row) => typeof row[column] !== 'string'));
  const line = (row: readonly string[]): string =>
    `  ${row.map((cell, column) => (isNumber[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join('   ')}`.trimEnd();
  return [
    '',
    `  ${title}`,
    ...(rows.length === 0 ? ['  nothing'] : [line(heads), ...cells.map(line)]),
    ...notes.map((note) => `  (${note})`),
  ];
}

function cellText(cell: string | number | null): string {
  if (cell === null) return '·';
  if (typeof cell === 'number') return number(cell);
  return cell.length > MAX_CELL_WIDTH ? `${cell.slice(0, MAX_CELL_WIDTH - 1)}…` : cell;
}
