// The demo: a real one-node cluster, a service under real load, and a 72-hour countdown on virtual time.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  auditWrites,
  candidateFaults,
  findFault,
  LabRefusal,
  partsTable,
  paths,
  resetShop,
  startTraffic,
  status,
  stopTraffic,
  summary,
  up,
  type CandidateFaultName,
  type DeployedShop,
  type Part,
} from '../lab/index.ts';
import { createToken } from '../server/identity/tokens.ts';

const root = resolve(import.meta.dirname, '..');
const node = join(root, 'node_modules/.bin/node');
const home = join(root, '.tminus/demo');
const PORT = process.env['TMINUS_DEMO_PORT'] ?? '7480';
/** Production traffic during launch and guard; a third of the load test's rate. */
const REQUESTS_PER_SECOND = 100;
const READY_TIMEOUT_MS = 90_000;
/** As `scripts/lab`. */
const EXIT_REFUSED = 2;
const SHOP = { namespace: 'shop', deployment: 'go-api' };

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(0)} s`;
const tag = (image: string): string => image.slice(image.lastIndexOf(':') + 1);
const tokenFile = (subject: string): string => join(home, `${subject}.token`);
const releaseName = (fault?: string): string => (fault === undefined ? 'go-api-1.4.0' : `go-api-1.4.0-${fault}`);
const { values } = parseArgs({ options: { fault: { type: 'string' }, drill: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
if (values.help) {
  print(`usage: ./scripts/demo [--fault ${Object.keys(candidateFaults).join('|')} | --drill]`);
  process.exit(0);
}
try {
  if (values.drill && values.fault !== undefined) throw new LabRefusal('--drill and --fault are two demos; leave one out');
  process.exitCode = await demo({
    ...(values.fault === undefined ? {} : { fault: findFault(values.fault) }),
    drill: values.drill ?? false,
  });
} catch (error) {
  // What the user can correct is one message; a bug keeps its stack trace.
  if (!(error instanceof LabRefusal)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = EXIT_REFUSED;
}

async function demo({ fault, drill }: { fault?: CandidateFaultName; drill: boolean }): Promise<number> {
  const began = Date.now();
  // Jaeger is asked only about a load test that fails.
  const { shop, parts } = await up({ progress: print, shop: { fault }, whole: fault !== undefined });
  if (shop === undefined) throw new Error('the lab is up, but deployed no shop');
  await resetShop();
  printParts(parts, began);
  print(`lab     ${summary()}   ${seconds(began)}`);
  print(`target  shop/go-api, 3 pods of ${tag(shop.current)}, candidate ${tag(shop.candidate)} on the node and in staging`);
  rmSync(home, { recursive: true, force: true });
  const people = prepareHome();
  const name = drill ? `${releaseName()}-drill` : releaseName(fault);
  const dev = await startDev();
  print(`page    http://127.0.0.1:${PORT}/r/${name}   sign in with the token in .tminus/demo/requester.token`);
  await startTraffic(REQUESTS_PER_SECOND);
  const since = new Date();
  try {
    const file = releaseFile(shop, drill ? 'drill.yaml' : 'demo.yaml', fault);
    const approvers = ['--approver', tokenFile('li.wei'), '--approver', tokenFile('a.osei')];
    const code = await (drill ? tminus(people.requester, 'drill', file) : tminus(people.requester, 'rehearse', file, ...approvers));
    const report = join('.tminus/reports', `${name}.html`);
    mkdirSync(join(root, '.tminus/reports'), { recursive: true });
    await tminus(people.requester, 'report', name, '--html', report);
    const writes = await auditWrites({ ...SHOP, since });
    const rows = writes.map(({ at, image }) => `\n          ${at}  ${image === null ? '' : tag(image)}`);
    print(`writes  ${writes.length} to shop/go-api in the apiserver's audit log${rows.join('')}`);
    print(`report  ${report}   demo took ${seconds(began)}`);
    return code;
  } finally {
    await stopTraffic();
    await dev.stop();
    await resetShop();
  }
}

/** Tokens for three people: the requester and two approvers. */
function prepareHome(): Record<'requester' | 'li.wei' | 'a.osei', string> {
  mkdirSync(home, { recursive: true });
  const environment = JSON.parse(readFileSync(paths().environment, 'utf8'));
  const identity = join(home, 'identity');
  Object.assign(environment.spec, {
    evidence: { folder: join(home, 'evidence') },
    identity: {
      tokens: join(identity, 'tokens.yaml'),
      signingKey: join(identity, 'signing-key.pem'),
      publicKeys: join(identity, 'public-keys'),
    },
  });
  writeFileSync(join(home, 'environment.yaml'), JSON.stringify(environment, null, 2));
  const person = (subject: string, groups: string[]) => {
    const token = createToken(environment.spec.identity.tokens, { subject, displayName: subject, groups });
    writeFileSync(tokenFile(subject), `${token}\n`, { mode: 0o600 });
    return token;
  };
  return {
    requester: person('requester', ['developers']),
    'li.wei': person('li.wei', ['release-managers']),
    'a.osei': person('a.osei', ['release-managers']),
  };
}

/** A release of lab/example, with the lab's images. */
function releaseFile(shop: DeployedShop, source: string, fault?: string): string {
  const example = join(root, 'lab/example');
  mkdirSync(join(home, 'k6'), { recursive: true });
  copyFileSync(join(example, 'k6/shop.js'), join(home, 'k6/shop.js'));
  const file = join(home, 'release.yaml');
  writeFileSync(
    file,
    readFileSync(join(example, source), 'utf8')
      .replaceAll('$NAME', releaseName(fault))
      .replaceAll('$IMAGE', shop.candidate)
      .replace(', traces: lab', tracesAreKept() ? ', traces: lab' : ''),
  );
  return file;
}

/** The lab starts Jaeger only when it is asked to; a release must not name a trace store that does not run. */
function tracesAreKept(): boolean {
  return status().components.some(({ name, alive }) => name === 'jaeger' && alive);
}

/** Prints the minutes of the set-up by part, those of scripts/setup among them. */
function printParts(parts: Part[], began: number): void {
  const file = process.env['TMINUS_SETUP_PARTS'];
  const installed = file === undefined ? [] : readFileSync(file, 'utf8').split('\n').filter(Boolean).map(readPart);
  // The packages are installed side by side, before this program starts.
  const before = Math.max(0, ...installed.map(({ wallSeconds }) => wallSeconds));
  for (const line of partsTable([...installed, ...parts], (Date.now() - began) / 1000 + before)) print(line);
}

/** A line of scripts/setup: name, wall seconds and CPU seconds, separated by tabs. */
function readPart(line: string): Part {
  const [name = '', wall, cpu] = line.split('\t');
  return { name, wallSeconds: Number(wall), cpuSeconds: Number(cpu) };
}

async function startDev(): Promise<{ stop(): Promise<void> }> {
  const dev = spawn(
    node,
    [join(root, 'cli/bin.ts'), 'dev', '--environment', join(home, 'environment.yaml'), '--temporal', paths().temporal, '--port', PORT],
    {
      env: { ...process.env, TMINUS_HOME: home },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let output = '';
  dev.stdout.on('data', (chunk) => (output += String(chunk)));
  dev.stderr.on('data', (chunk) => (output += String(chunk)));
  const deadline = Date.now() + READY_TIMEOUT_MS;
  while (!output.includes('Ctrl-C stops everything')) {
    if (dev.exitCode !== null || Date.now() > deadline) throw new Error(`tminus dev did not start:\n${output}`);
    await new Promise((again) => setTimeout(again, 100));
  }
  return {
    async stop() {
      writeFileSync(join(home, 'dev.log'), output);
      if (dev.exitCode !== null) return;
      const gone = new Promise((done) => dev.once('exit', done));
      dev.kill('SIGTERM');
      await gone;
    },
  };
}

function tminus(token: string, ...argv: string[]): Promise<number> {
  const child = spawn(node, [join(root, 'cli/bin.ts'), ...argv], {
    cwd: root,
    env: { ...process.env, TMINUS_SERVER: `http://127.0.0.1:${PORT}`, TMINUS_TOKEN: token, TMINUS_HOME: home },
    stdio: 'inherit',
  });
  return new Promise((done) => child.once('exit', (code) => done(code ?? 1)));
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
