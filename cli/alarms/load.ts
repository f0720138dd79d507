// Loads rule files and an Alertmanager configuration, or reports the position of each problem.
import { readAlertmanager, type AlertmanagerConfig } from '../../analysis/alarm/alertmanager.ts';
import type { Objection } from '../../analysis/alarm/fields.ts';
import { readAlertRules, type AlertRule } from '../../analysis/alarm/rules.ts';
import type { Problem } from '../../release/problem.ts';
import { readYamlDocuments, type YamlSource } from '../../release/yaml-source.ts';
import { EXIT } from '../exit-codes.ts';
import { CliFailure } from '../failure.ts';
import { readCapped } from '../submission.ts';

export interface FileRule {
  rule: AlertRule;
  file: string;
  line: number;
}

/** Alerting rules of all documents of all files, in order. Throws CliFailure with the problems of all files. */
export async function loadRules(files: readonly string[]): Promise<FileRule[]> {
  const problems: Problem[] = [];
  const rules: FileRule[] = [];
  for (const file of files) {
    const sources = await documentsOf(file, 'a rule file', 'a rule file begins with groups:');
    for (const source of sources) {
      const read = readAlertRules(source.value);
      problems.push(...placed(read.objections, source));
      rules.push(...read.rules.map((rule) => ({ rule, file, line: source.lineOf([...rule.path, 'alert']) })));
    }
  }
  if (problems.length > 0) throw invalid(files.join(', '), problems);
  return rules;
}

/** Throws CliFailure with every problem of the file. */
export async function loadAlertmanager(file: string): Promise<AlertmanagerConfig> {
  const [source, second] = await documentsOf(file, 'an Alertmanager configuration', 'it begins with route: and receivers:');
  if (!source) throw new Error('a file has at least one document');
  if (second) throw invalid(file, [second.problemAt([], 'value', 'a second document begins here', 'keep one configuration in one file')]);
  const { config, objections } = readAlertmanager(source.value);
  if (config === null) throw invalid(file, placed(objections, source));
  return config;
}

async function documentsOf(file: string, content: string, emptyHint: string): Promise<YamlSource[]> {
  const reading = readYamlDocuments(await readCapped(file, content), file, content, emptyHint);
  if (!reading.ok) throw invalid(file, reading.problems);
  return reading.sources;
}

const placed = (objections: readonly Objection[], source: YamlSource): Problem[] =>
  objections.map(({ path, at, message, hint }) => source.problemAt(path, at, message, hint));

function invalid(file: string, problems: readonly Problem[]): CliFailure {
  const count = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
  return new CliFailure('InvalidFile', `${file} is not valid: ${count}`, '', EXIT.usage, problems);
}
