// Who may know whom (DESIGN.md section 2, docs/decisions/0001): one table, and the imports of the code held against it.
import { posix } from 'node:path';
import ts from 'typescript';

interface Arrow {
  to: string;
  /** `types`: only `import type`, which is gone before anything runs. */
  what: 'values' | 'types';
  /** Only these files or folders of the room; all of it when left out. */
  only?: readonly string[];
}

interface Rule {
  arrows: readonly Arrow[];
  packages: readonly string[] | 'any';
  builtins: readonly string[] | 'any';
}

const values = (to: string, ...only: string[]): Arrow => ({ to, what: 'values', ...(only.length > 0 ? { only } : {}) });
const types = (to: string, ...only: string[]): Arrow => ({ to, what: 'types', ...(only.length > 0 ? { only } : {}) });
/** Findings and their builders, and how values are written: what pure rooms share with everybody. */
const findings = values('verdict', 'verdict/finding.ts', 'verdict/wording/');
const messages = 'workflows/messages.ts';

/** Rooms and their arrows. Packages and Node's own modules are named where a room has to stay pure or deterministic. */
export const rooms: Readonly<Record<string, Rule>> = {
  // What a countdown is started with names who asked and carries signatures (decision 0016).
  release: { arrows: [findings, types('verdict', 'verdict/verdict.ts', 'verdict/signed.ts')], packages: ['zod', 'yaml'], builtins: [] },
  // Streams and zlib turn given bytes into other bytes; they reach nothing.
  analysis: {
    arrows: [findings],
    packages: ['@prometheus-io/lezer-promql', 'hdr-histogram-js', 'libpg-query', 'ml-levenberg-marquardt', 'simple-statistics'],
    builtins: ['node:stream', 'node:zlib'],
  },
  verdict: { arrows: [], packages: ['@noble/hashes'], builtins: [] },
  workflows: {
    arrows: [values('verdict'), values('release'), types('activities')],
    packages: ['@temporalio/workflow', '@temporalio/common'],
    builtins: [],
  },
  activities: {
    arrows: [values('analysis'), values('release'), values('verdict')],
    packages: 'any',
    builtins: 'any',
  },
  workers: {
    arrows: [values('activities'), values('release'), values('analysis'), values('verdict'), values('workflows', messages)],
    packages: 'any',
    builtins: 'any',
  },
  server: {
    arrows: [
      values('workflows', messages),
      values('verdict'),
      values('release'),
      values('analysis'),
      types('activities'),
      values(
        'activities',
        'activities/evidence/',
        'activities/temporal/',
        'activities/metrics/',
        'activities/identity/action-shape.ts',
        // Its key is kept in the same way as that of the workers (decision 0013).
        'activities/identity/key-pair.ts',
        'activities/identity/private-file.ts',
      ),
    ],
    packages: 'any',
    builtins: 'any',
  },
  cli: {
    arrows: [
      types('workflows', messages),
      values('verdict'),
      values('release'),
      values('analysis'),
      // `tminus restore` takes back what stands when server and workers are gone, through the very code of the activities.
      // `tminus doctor` says as whom load scripts run here.
      values('activities', 'activities/effects/offline-restore.ts', 'activities/load-test/k6-user.ts'),
    ],
    packages: 'any',
    builtins: 'any',
  },
  // The lab runs the very Temporal server that `tminus dev` runs.
  lab: { arrows: [values('workers', 'workers/namespace.ts', 'workers/temporal-server.ts')], packages: 'any', builtins: 'any' },
  scripts: { arrows: ['release', 'verdict', 'server', 'cli', 'lab'].map((to) => values(to)), packages: 'any', builtins: 'any' },
};

/** Packages that stand behind one module, which sets their limits for everybody else. */
const modulesOf: Readonly<Record<string, readonly string[]>> = { axios: ['activities/http/', 'cli/send-request.ts'] };

export interface SourceFile {
  /** From the top of the repository: `workflows/countdown.ts`. */
  path: string;
  text: string;
}

interface Import {
  specifier: string;
  what: 'values' | 'types';
  line: number;
}

/** Tests may look at everything, and nobody may look at them: they stand in `test/`, or beside the code by their name. */
const isTest = (path: string): boolean => /^test\/|\.test\.ts$|\/testing\//.test(path);
const roomOf = (path: string): string => path.split('/')[0] ?? '';

/** One sentence per import that the table does not allow; empty when all imports are allowed. */
export function offences(files: readonly SourceFile[]): string[] {
  return files.filter(({ path }) => !isTest(path)).flatMap((file) => importsOf(file).flatMap((each) => offence(file.path, each)));
}

function offence(path: string, { specifier, what, line }: Import): string[] {
  const room = roomOf(path);
  const rule = rooms[room];
  const says = (why: string): string[] => [`${path}:${line} imports ${what} of ${specifier}: ${why}`];
  if (!rule) return says(`${room}/ is not in the table of rooms; give it a row in scripts/arrows.ts and a decision record`);
  if (specifier.startsWith('.')) return foreign(path, posix.join(posix.dirname(path), specifier), rule, what, says);
  if (specifier.startsWith('node:') || isBuiltin(specifier)) {
    const { builtins } = rule;
    if (builtins === 'any' || builtins.includes(specifier.replace(/\/promises$/, ''))) return [];
    return says(`${room} reaches nothing outside${builtins.length > 0 ? `; of Node it may use ${list(builtins)}` : ''}`);
  }
  const modules = modulesOf[packageOf(specifier)];
  if (what === 'values' && modules !== undefined && !modules.some((place) => covers(place, path)))
    return says(`only ${list(modules)} may import ${packageOf(specifier)}`);
  const { packages } = rule;
  if (packages === 'any' || packages.includes(packageOf(specifier))) return [];
  return says(`of packages ${room} may use only ${list(packages)}`);
}

function foreign(path: string, target: string, rule: Rule, what: Import['what'], says: (why: string) => string[]): string[] {
  const [room, to] = [roomOf(path), roomOf(target)];
  if (isTest(target)) return says('what runs may not know tests');
  if (to === room) return [];
  const arrows = rule.arrows.filter((arrow) => arrow.to === to);
  const reaches = ({ what: most, only }: Arrow): boolean =>
    (what === 'types' || most === 'values') && (only?.some((place) => covers(place, target)) ?? true);
  if (arrows.some(reaches)) return [];
  return says(
    arrows.length === 0
      ? `there is no arrow ${room} -> ${to}`
      : `the arrow ${room} -> ${to} allows only ${arrows.map(({ what: most, only }) => `${most} of ${only ? list(only) : `${to}/`}`).join(', and ')}`,
  );
}

/** A place is a file, or a folder with its slash. */
const covers = (place: string, path: string): boolean => path === place || (place.endsWith('/') && path.startsWith(place));

/** Static, dynamic and type imports. `import { type A }` counts as values: it still loads the module. */
function importsOf({ path, text }: SourceFile): Import[] {
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined, what: Import['what']): void => {
    if (specifier && ts.isStringLiteralLike(specifier))
      found.push({ specifier: specifier.text, what, line: source.getLineAndCharacterOfPosition(node.getStart()).line + 1 });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node))
      add(node, node.moduleSpecifier, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ? 'types' : 'values');
    else if (ts.isExportDeclaration(node)) add(node, node.moduleSpecifier, node.isTypeOnly ? 'types' : 'values');
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node, node.argument.literal, 'types');
    else if (
      ts.isCallExpression(node) &&
      (node.expression.kind === ts.SyntaxKind.ImportKeyword || (ts.isIdentifier(node.expression) && node.expression.text === 'require'))
    )
      add(node, node.arguments[0], 'values');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
const list = (words: readonly string[]): string => words.join(', ') || 'none';
/** Without the prefix `node:` a builtin looks like a package; these are the ones that reach outside. */
const isBuiltin = (specifier: string): boolean =>
  /^(fs|http|https|http2|net|tls|dns|dgram|child_process|worker_threads|os|cluster|process|path|crypto|timers)(\/|$)/.test(specifier);
