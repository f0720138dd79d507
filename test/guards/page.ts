// The table of guards: printed, and written to docs/explanation/guards.md with `--write`.
import type { Mutant } from './mutants.ts';

export interface Judged extends Mutant {
  area: string;
  /** Test files of the stage that noticed; null when none did. */
  noticedBy: string | null;
  seconds: number;
}

/** One line of the terminal. */
export const judgedLine = ({ file, line, guard, noticedBy, seconds }: Judged): string =>
  `${noticedBy === null ? 'SURVIVED' : 'noticed '} ${`${file}:${line}`.padEnd(46)} ${seconds.toFixed(0).padStart(3)} s  ${guard}`;

/** The page. */
export function markdown(judged: readonly Judged[], areas: readonly string[]): string {
  const survived = judged.filter(({ noticedBy }) => noticedBy === null);
  const rows = areas.map((area) => {
    const all = judged.filter((each) => each.area === area);
    const noticed = all.filter(({ noticedBy }) => noticedBy !== null).length;
    return `| ${area} | ${[...new Set(all.map(({ file }) => `\`${file}\``))].join(', ')} | ${all.length} | ${noticed} | ${percent(noticed, all.length)} |`;
  });
  return `<!-- Written by npm run guards; do not edit. -->

# Guards without which a test fails

Each guard (an early return or throw, a finding that is added, a reason that is given, a condition of a rule) is found in the syntax tree, removed
alone, and the tests that reach its file are run. A guard without which they all pass is listed.

    ./scripts/lab up && npm run guards -- --write

**${judged.length - survived.length} of ${judged.length} guards (${percent(judged.length - survived.length, judged.length)}) are noticed when they are gone** (${new Date().toISOString().slice(0, 10)}).

| area | files | guards | a test fails without it | share |
|---|---|---|---|---|
${rows.join('\n')}

${survived.length === 0 ? 'No guard is left over.' : `Left over:\n\n${survived.map(({ file, line, guard }) => `* \`${file}:${line}\`: \`${guard}\``).join('\n')}`}
`;
}

const percent = (part: number, whole: number): string => (whole === 0 ? 'none' : `${((100 * part) / whole).toFixed(0)} %`);
