// The document of `tminus analyze -o json`. Its JSON Schema is published by `tminus schema analysis`.
import { z } from 'zod';

const described = <T extends z.ZodType>(schema: T, description: string) => schema.meta({ description });
const cell = z.union([z.string(), z.number(), z.null()]);

const finding = z.strictObject({
  code: described(z.string(), 'Code, as in docs/reference/findings.md.'),
  subject: described(z.string(), 'Subject: an endpoint, a pod, a step.'),
  outcome: described(z.enum(['pass', 'fail', 'inconclusive']), 'Inconclusive is never a pass.'),
  measured: described(cell, 'null if nothing could be measured.'),
  limit: described(cell, 'null if there is none.'),
  unit: described(z.string(), 'Unit of measured and limit; shares are in percent.'),
  message: described(z.string(), 'One sentence.'),
  evidence: described(z.array(z.string()), 'Empty: the file itself is the evidence.'),
});

const fact = z.strictObject({
  subject: described(z.string(), 'Subject: an endpoint, a pod, a step.'),
  text: described(z.string(), 'One line of text.'),
  values: described(z.record(z.string(), z.number()), 'Numbers of the text.'),
});

const table = z.strictObject({
  title: described(z.string(), 'Title.'),
  columns: described(z.array(z.strictObject({ name: z.string(), unit: z.string() })), 'Names and units.'),
  rows: described(z.array(z.array(cell)), 'In the order of the columns; null if nothing was measured.'),
  notes: described(z.array(z.string()), 'How to read it.'),
});

const item = z.strictObject({
  file: described(z.string(), 'The argument.'),
  kind: described(z.string(), 'Kind of evidence; `unreadable` if it is unknown.'),
  problem: described(z.union([z.string(), z.null()]), 'Why it could not be read; null if it was.'),
  findings: z.array(finding),
  facts: z.array(fact),
  tables: z.array(table),
});

export const analysisDocument = z
  .strictObject({
    apiVersion: described(z.literal('tminus.dev/v1alpha1'), 'Version of this format.'),
    kind: described(z.literal('AnalysisList'), 'Kind of this document.'),
    items: described(z.array(item), 'One per file.'),
  })
  .meta({ title: 'Tminus analysis', description: 'Analysis of evidence files, one item per file.' });

export type AnalysisDocument = z.output<typeof analysisDocument>;
export type AnalyzedFile = z.output<typeof item>;
