// Plain technical English: strings that people see are compared with a list of banned phrases.
import ts from 'typescript';

interface Banned {
  phrase: RegExp;
  /** What to write. */
  write: string;
}

/** Phrases of the dialect that the project once had, each with the field's own words. */
export const banned: readonly Banned[] = [
  { phrase: /\b(?:is|was|are|were|be|been|not) told\b|\btold (?:of|by|that|to)\b/i, write: 'reported, exported, recorded or printed' },
  { phrase: /\b(?:tells|says|knows|sees)\b/i, write: 'reports, records, prints, detects or has: a machine does not speak' },
  { phrase: /\bdoes? not (?:tell|say|know)\b/i, write: 'does not report, or: is unknown' },
  { phrase: /\blaid to\b/i, write: 'attributed to' },
  { phrase: /\bmend(?:s|ed|ing)?\b/i, write: 'fix, correct' },
  { phrase: /\bway out\b/i, write: 'hint' },
  { phrase: /(?<!\bthere )\b(?:is|was) no (?!longer\b|more\b|such\b)/i, write: 'is not a ...' },
  { phrase: /\bgiven up\b/i, write: 'timed out, cancelled' },
  { phrase: /\bspeak of\b/i, write: 'a number, or: negligible' },
  { phrase: /\bcollecting garbage\b/i, write: 'GC' },
  { phrase: /\bwaits? for a processor\b/i, write: 'is runnable, scheduler latency' },
  { phrase: /\blengths? of time\b/i, write: 'duration' },
  { phrase: /\bwhat is ready\b/i, write: 'runnable' },
  { phrase: /\bthe pool of the\b/i, write: "the pod's pool, the connection pool" },
  { phrase: /\b(?:came|come|comes) to nothing\b/i, write: 'failed' },
  { phrase: /\b(?:is|are) handed over\b/i, write: 'accepted' },
  { phrase: /\bheld against\b/i, write: 'compared with' },
];

export interface Match {
  path: string;
  line: number;
  text: string;
  write: string;
}

/** Banned phrases in the string literals and templates of a TypeScript file. Comments, imports and regular expressions are not strings that people see. */
export function bannedInCode(path: string, text: string): Match[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const found: Match[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return;
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)) {
      const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
      found.push(...bannedIn(path, line, node.text));
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Banned phrases in a page of documents. */
export const bannedInPage = (path: string, text: string): Match[] =>
  text.split('\n').flatMap((line, index) => bannedIn(path, index + 1, line));

function bannedIn(path: string, line: number, text: string): Match[] {
  return banned.flatMap(({ phrase, write }) => {
    const match = phrase.exec(text);
    return match ? [{ path, line, text: text.slice(Math.max(0, match.index - 30), match.index + 50).replaceAll('\n', ' '), write }] : [];
  });
}
