// YAML text to a plain value with the place of every node. Rejects what makes YAML dangerous: alias bombs, tags, depth.
import { Composer, isAlias, isCollection, isMap, isNode, isPair, isScalar, isSeq, Lexer, LineCounter, Parser, visit } from 'yaml';
import type { CST, Document, Node, YAMLParseError } from 'yaml';
import { byPlace, pathText, shortWord, problemAt, type Path, type Problem } from './problem.ts';

/** A release with every field has under 10 kB; parsing more than 1 MB would block a server. */
const MAX_FILE_BYTES = 1_000_000;
/** YAML tokens in one file. A release has about 1,000; the worst 20,000 take 0.2 s, 40,000 took 0.4 s, 1 MB of brackets 2 s and more. */
const MAX_TOKENS = 20_000;
/** The same for files of other programs: rule files as distributions ship them have up to 60,000. Only the command line reads them. */
const MAX_FOREIGN_TOKENS = 200_000;
/** A release is 9 deep. The composer calls itself for each level, so depth is bounded before it runs. */
const MAX_DEPTH = 32;
/** Limit of alias expansion, counted as the `yaml` package does (aliases times the nodes they refer to). */
const MAX_ALIASES = 100;

export interface YamlSource {
  value: unknown;
  /** The problem at a path: at its key, or at its value if it has one. */
  problemAt(path: Path, at: 'key' | 'value', message: string, hint: string): Problem;
  lineOf(path: Path): number;
}

export type YamlReading = { ok: true; source: YamlSource } | { ok: false; problems: Problem[] };

export type YamlDocumentsReading = { ok: true; sources: YamlSource[] } | { ok: false; problems: Problem[] };

/** The expected content of a file. */
interface Expected {
  /** `a release`. */
  content: string;
  emptyHint: string;
  maxTokens: number;
  manyDocuments: boolean;
}

/** Reads one YAML document of the core schema. Never throws because of the text; answers problems with their places. */
export function readYaml(fileText: string, file: string, whatItHolds: string): YamlReading {
  const reading = readDocuments(fileText, file, {
    content: whatItHolds,
    emptyHint: 'write one with `tminus init`, or begin with apiVersion and kind',
    maxTokens: MAX_TOKENS,
    manyDocuments: false,
  });
  if (!reading.ok) return reading;
  const [source] = reading.sources;
  if (!source) throw new Error('a file that was read holds a document');
  return { ok: true, source };
}

/** Reads all documents of a file of another program; those without content are left out, and one is needed. */
export function readYamlDocuments(fileText: string, file: string, content: string, emptyHint: string): YamlDocumentsReading {
  return readDocuments(fileText, file, { content, emptyHint, maxTokens: MAX_FOREIGN_TOKENS, manyDocuments: true });
}

function readDocuments(fileText: string, file: string, { content, emptyHint, maxTokens, manyDocuments }: Expected): YamlDocumentsReading {
  const whole = (message: string, hint: string): YamlDocumentsReading => ({
    ok: false,
    problems: [problemAt({ file, line: 1, column: 1, path: '' }, message, hint, '')],
  });
  // Characters never outnumber bytes, so a huge text is refused before its bytes are counted.
  const sizeBytes = fileText.length > MAX_FILE_BYTES ? fileText.length : Buffer.byteLength(fileText);
  if (sizeBytes > MAX_FILE_BYTES)
    return whole(
      `the file is ${(sizeBytes / 1e6).toFixed(1)} MB`,
      `the maximum is 1 MB, and ${content} needs a few kB; is this the right file?`,
    );
  // A byte order mark would shift the first line by a column; Windows and old Mac line ends count as one.
  const text = fileText.replace(/^\uFEFF/, '').replace(/\r\n?/g, '\n');
  const lines = text.split('\n');
  const counter = new LineCounter();
  const problem = (offset: number, path: string, message: string, hint: string): Problem => {
    const { line, col } = counter.linePos(Math.min(offset, text.length));
    const place = { file, line: Math.max(line, 1), column: Math.max(col, 1), path };
    return problemAt(place, message, hint, lines[line - 1] ?? '');
  };

  if (text.trim() === '') return whole('the file is empty', emptyHint);
  if (hasTooManyTokens(text, maxTokens))
    return whole('the file has too many tokens', `${content} has about a thousand; is this the right file?`);
  const tokens = [...new Parser(counter.addNewLine).parse(text)];
  const tooDeep = firstTooDeep(tokens);
  if (tooDeep !== null)
    return {
      ok: false,
      problems: [problem(tooDeep, '', `more than ${MAX_DEPTH} levels are nested in each other here`, 'no field lies that deep')],
    };

  // Duplicate keys are looked for below, in linear time; the package compares each key with each other one.
  const composer = new Composer({ version: '1.2', schema: 'core', stringKeys: true, uniqueKeys: false, merge: false });
  const documents = [...composer.compose(tokens, true, text.length)];
  const syntax = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  if (syntax.length > 0)
    return { ok: false, problems: onePerLine(syntax.map((error) => problem(error.pos[0], '', ...syntaxMessage(error)))) };
  const [, second] = documents;
  if (second && !manyDocuments)
    return { ok: false, problems: [problem(second.range[0], '', 'a second document begins here', 'keep one document in one file')] };
  const filled = documents.filter(({ contents }) => isNode(contents) && !(isScalar(contents) && contents.value === null));
  if (filled.length === 0) return whole('the file holds nothing but comments', emptyHint);

  const sources: YamlSource[] = [];
  for (const document of filled) {
    const forbidden = forbiddenNodes(document, problem, (offset) => counter.linePos(offset).line);
    if (forbidden.length > 0) return { ok: false, problems: forbidden };
    const value = plainValue(document);
    if (!value.ok)
      return {
        ok: false,
        problems: [problem(value.offset, '', 'this alias expands too much', 'write the fields instead of repeating anchors')],
      };
    sources.push({
      value: value.value,
      problemAt: (path, at, message, hint) => problem(offsetOf(document, path, at), pathText(path), message, hint),
      lineOf: (path) => counter.linePos(offsetOf(document, path, 'value')).line,
    });
  }
  return { ok: true, sources };
}

function hasTooManyTokens(text: string, maxTokens: number): boolean {
  let tokens = 0;
  for (const _ of new Lexer().lex(text)) {
    tokens += 1;
    if (tokens > maxTokens) return true;
  }
  return false;
}

/** Offset of the first token that lies deeper than MAX_DEPTH. Walks with its own stack: the text must not choose how deep we call. */
function firstTooDeep(tokens: readonly CST.Token[]): number | null {
  const open = tokens.map((token) => ({ token, depth: 0 }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { token, depth } = next;
    if (depth > MAX_DEPTH) return token.offset;
    if (token.type === 'document' && token.value) open.push({ token: token.value, depth });
    if ('items' in token) {
      for (const { key, value } of token.items) {
        if (key) open.push({ token: key, depth: depth + 1 });
        if (value) open.push({ token: value, depth: depth + 1 });
      }
    }
  }
  return null;
}

const syntaxMessages: Record<string, [message: string, hint: string]> = {
  TAB_AS_INDENT: ['a tab is used to indent', 'indent with spaces; YAML does not allow tabs'],
  BAD_INDENT: ['this line is not indented like the lines around it', 'fields of one group begin in the same column'],
  MISSING_CHAR: ['a character is missing here', 'check for a missing colon, comma, quote or bracket'],
  BLOCK_AS_IMPLICIT_KEY: [
    'this line has too many colons or a value in the wrong place',
    'put values with a colon in quotes, and each field on its own line',
  ],
  MULTILINE_IMPLICIT_KEY: ['this field name spans several lines', 'check for a missing colon'],
  IMPOSSIBLE: ['this cannot be read', 'check quotes, brackets and indentation'],
  UNEXPECTED_TOKEN: ['this is not expected here', 'check quotes, brackets and indentation'],
  BAD_ALIAS: ['this is not a valid YAML alias', 'write the value'],
  NON_STRING_KEY: ['the name of a field must be text', 'put it in quotes'],
  TAG_RESOLVE_FAILED: ['YAML tags are not supported', 'remove the word that starts with "!"'],
  BAD_DQ_ESCAPE: ['this backslash sequence is unknown', 'write the backslash twice, or use single quotes'],
  BAD_SCALAR_START: ['a value cannot start with this character', 'put the value in quotes'],
};

function syntaxMessage({ code, message }: Pick<YAMLParseError, 'code' | 'message'>): [message: string, hint: string] {
  return (
    syntaxMessages[code] ?? [
      `the file is not valid YAML: ${shortWord(message.split('\n')[0] ?? '')}`,
      'check quotes, brackets and indentation',
    ]
  );
}

/** One mistake causes several syntax errors in its line; only the first is reported. */
function onePerLine(problems: Problem[]): Problem[] {
  const inOrder = problems.toSorted(byPlace);
  const tabs = inOrder.filter(({ message }) => message === syntaxMessages['TAB_AS_INDENT']?.[0]);
  const chosen = tabs.length > 0 ? tabs : inOrder;
  return chosen.filter(({ line }, index) => line !== chosen[index - 1]?.line);
}

/** Duplicate fields, `__proto__`, tags, and aliases without an anchor. */
function forbiddenNodes(
  document: Document,
  problem: (offset: number, path: string, message: string, hint: string) => Problem,
  lineAt: (offset: number) => number,
): Problem[] {
  const problems: Problem[] = [];
  const anchors = new Set<string>();
  visit(document, {
    Node(_key, node, ancestors) {
      const path = pathText(pathTo([...ancestors, node]));
      const offset = startOf(node);
      if (node.tag !== undefined && !node.tag.startsWith('tag:yaml.org,2002:'))
        problems.push(problem(offset, path, ...(syntaxMessages['TAG_RESOLVE_FAILED'] ?? ['', ''])));
      if (isAlias(node) && !anchors.has(node.source))
        problems.push(problem(offset, path, `there is no anchor "&${shortWord(node.source)}" before this alias`, 'write the value'));
      if (!isAlias(node) && node.anchor !== undefined) anchors.add(node.anchor);
      if (!isMap(node)) return;
      const seen = new Map<string, number>();
      for (const { key } of node.items) {
        if (!isScalar(key)) continue;
        const name = String(key.value);
        const fieldPath = pathText([...pathTo([...ancestors, node]), name]);
        const first = seen.get(name);
        if (first !== undefined)
          problems.push(
            problem(startOf(key), fieldPath, `"${shortWord(name)}" is given twice`, `the first one is on line ${lineAt(first)}`),
          );
        else seen.set(name, startOf(key));
        if (name === '__proto__') problems.push(problem(startOf(key), fieldPath, 'a field cannot be called "__proto__"', 'remove it'));
      }
    },
  });
  return problems;
}

/** Keys and indexes that lead to the last of `ancestors`. */
function pathTo(ancestors: readonly unknown[]): Path {
  const path: (string | number)[] = [];
  ancestors.forEach((ancestor, index) => {
    const child = ancestors[index + 1];
    if (isPair(ancestor) && isScalar(ancestor.key)) path.push(String(ancestor.key.value));
    if (isSeq(ancestor) && child !== undefined) path.push(ancestor.items.indexOf(child));
  });
  return path;
}

/** The document as plain data, or the place of the alias that makes it explode. */
function plainValue(document: Document): { ok: true; value: unknown } | { ok: false; offset: number } {
  try {
    return { ok: true, value: document.toJS({ maxAliasCount: MAX_ALIASES }) as unknown };
  } catch (error) {
    // ReferenceError is how the package refuses aliases: too many, or one inside of what it names. Anything else is a bug of ours.
    if (!(error instanceof ReferenceError)) throw error;
    let offset: number | null = null;
    visit(document, {
      Alias(_key, alias) {
        offset = startOf(alias);
        return visit.BREAK;
      },
    });
    return { ok: false, offset: offset ?? 0 };
  }
}

/** Where a path stands in the text; for a field that is not there, where the group it belongs to begins. */
function offsetOf(document: Document, path: Path, at: 'key' | 'value'): number {
  let node: unknown = document.contents;
  let offset = startOf(node);
  for (const [depth, step] of path.entries()) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (!pair) return offset;
      const isLast = depth === path.length - 1;
      const byKey =
        !isLast || at === 'key' || isCollection(pair.value) || (isScalar(pair.value) && pair.value.source === '') || pair.value === null;
      offset = startOf(byKey ? pair.key : pair.value);
      node = pair.value;
    } else if (isSeq(node) && typeof step === 'number') {
      if (!isNode(node.items[step])) return offset;
      node = node.items[step];
      offset = startOf(node);
    } else return offset;
  }
  return offset;
}

function startOf(node: unknown): number {
  return isNode(node) ? ((node as Node).range?.[0] ?? 0) : 0;
}
