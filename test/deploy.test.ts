// What the jobs and images of docker-compose.yml run, without an engine.
import { describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attribute } from '../workflows/messages.ts';

const root = join(import.meta.dirname, '..');

describe('the namespace job', () => {
  /** Plays the CLI: remembers in files what was made. */
  const cli = `#!/bin/sh
echo "$*" >> calls
case "$*" in
  *"namespace describe"*) [ -e namespace ];;
  *"namespace create"*) touch namespace;;
  *"search-attribute list"*) [ -e namespace ] && { cat attributes 2>/dev/null || true; };;
  *"search-attribute create"*) echo "$7 $9" >> attributes;;
esac
`;
  const world = () => {
    const folder = mkdtempSync(join(tmpdir(), 'tminus-namespace-'));
    writeFileSync(join(folder, 'temporal'), cli);
    chmodSync(join(folder, 'temporal'), 0o755);
    const run = () => {
      writeFileSync(join(folder, 'calls'), '');
      const { status } = spawnSync('/bin/sh', [join(root, 'deploy/temporal/namespace.sh')], {
        cwd: folder,
        env: { PATH: `${folder}:/usr/bin:/bin`, TEMPORAL_NAMESPACE: 'tminus' },
      });
      return {
        status,
        made: readFileSync(join(folder, 'calls'), 'utf8')
          .split('\n')
          .filter((call) => / create /.test(call)),
      };
    };
    return { folder, run };
  };

  it('makes what is missing, keeps 30 days, and makes nothing twice', () => {
    const { run } = world();
    const first = run();
    expect(first).toMatchObject({
      status: 0,
      made: expect.arrayContaining([expect.stringContaining('namespace create --namespace tminus --retention 30d')]),
    });
    expect(first.made).toHaveLength(8);
    expect(run()).toEqual({ status: 0, made: [] });
  });

  it('makes the search attributes that the worker makes', () => {
    const { folder, run } = world();
    run();
    const made = readFileSync(join(folder, 'attributes'), 'utf8').trim().split('\n').sort();
    const wanted = Object.values(attribute).map(({ name, type }) => `${name} ${type.charAt(0)}${type.slice(1).toLowerCase()}`);
    expect(made).toEqual(wanted.sort());
    expect(made).toHaveLength(7);
  });
});

describe('the health check of the server', () => {
  const ask = (port: number, base: string): Promise<number | null> =>
    new Promise((done) =>
      spawn(process.execPath, [join(root, 'deploy/healthy.js')], { env: { TMINUS_PORT: String(port), TMINUS_PAGE_BASE: base } }).once(
        'exit',
        done,
      ),
    );

  it('asks by the name the server answers to, and fails when it does not answer', async () => {
    const server = createServer((request, response) =>
      response.writeHead(request.headers.host === 'tminus.example.com' && request.url === '/healthz' ? 200 : 403).end(),
    );
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
    const { port } = server.address() as AddressInfo;
    expect(await ask(port, 'https://tminus.example.com')).toBe(0);
    expect(await ask(port, 'https://other.example.com')).toBe(1);
    await new Promise((closed) => server.close(closed));
    expect(await ask(port, 'https://tminus.example.com')).toBe(1);
  });
});

describe('the server of a team', () => {
  const team = readFileSync(join(root, 'deploy/team/environment.yaml'), 'utf8');
  const startsWith = (file: string) => {
    const folder = mkdtempSync(join(tmpdir(), 'tminus-team-'));
    writeFileSync(join(folder, 'environment.yaml'), file.replaceAll('/var/lib/tminus/', ''));
    const env = {
      HOME: folder,
      TMINUS_HOME: folder,
      TMINUS_ENVIRONMENT: join(folder, 'environment.yaml'),
      TMINUS_HOST: '0.0.0.0',
      // No port of any machine, so that a server that would start ends at once.
      TMINUS_PORT: '70000',
      TMINUS_PAGE_BASE: 'https://tminus.example.com',
    };
    const { status, stderr } = spawnSync(process.execPath, [join(root, 'server/serve.ts')], { cwd: folder, encoding: 'utf8', env });
    return { status, stderr };
  };

  it('gets as far as its port with the environment file it comes with', () => {
    expect(startsWith(team).stderr).toContain('ERR_SOCKET_BAD_PORT');
  });

  it('ends with one sentence where nobody said who may start countdowns', () => {
    expect(startsWith(team.replace(/^ {2}start: .*\n/m, ''))).toEqual({
      status: 2,
      stderr: expect.stringMatching(/^the server at https:\/\/tminus\.example\.com is reachable .* spec\.start\.groups is not set .*\n$/),
    });
  });
});

describe('the images', () => {
  it('hold every file that their processes load', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tminus-image-'));
    const dockerfile = readFileSync(join(root, 'deploy/Dockerfile'), 'utf8');
    const stages = Object.fromEntries(
      dockerfile
        .split(/^FROM /m)
        .slice(1)
        .map((stage) => [/ AS (\w+)/.exec(stage)?.[1] ?? '', stage]),
    );
    for (const name of ['worker', 'server']) {
      const image = join(folder, name);
      mkdirSync(image);
      for (const [, from = ''] of `${stages['app']}${stages[name]}`.matchAll(/^COPY (?!--)([\w./-]+) /gm))
        cpSync(join(root, from), join(image, from), { recursive: true });
      cpSync(join(root, 'package-lock.json'), join(image, 'package-lock.json'));
      // The packages are linked; that only those of `dependencies` are used is what the unused check of the gate sees.
      symlinkSync(join(root, 'node_modules'), join(image, 'node_modules'));
      const [entry = ''] = /(?<=CMD \["node", ")[^"]+/.exec(stages[name] ?? '') ?? [];
      // Without an environment file the process loads everything, then refuses in a sentence.
      const { status, stderr } = spawnSync(process.execPath, [join(image, entry)], {
        cwd: folder,
        encoding: 'utf8',
        env: { HOME: folder },
      });
      expect({ name, status, stderr }).toEqual({ name, status: 2, stderr: expect.stringContaining('cannot read the environment file') });
    }
    const bridge = spawnSync(process.execPath, [join(folder, 'worker/workers/alert-bridge-main.ts')], {
      cwd: folder,
      encoding: 'utf8',
      env: { HOME: folder },
    });
    expect({ status: bridge.status, stderr: bridge.stderr }).toEqual({
      status: 2,
      stderr: expect.stringContaining('cannot read the environment file'),
    });
    const runner = spawnSync(process.execPath, [join(folder, 'worker/workers/k6-runner.ts')], {
      cwd: folder,
      encoding: 'utf8',
      env: { HOME: folder, TMINUS_K6_SOCKET: '/no/such/folder/k6.sock' },
    });
    expect({ status: runner.status, stderr: runner.stderr }).toEqual({
      status: 2,
      stderr: expect.stringMatching(/^the k6 runner cannot listen on \/no\/such\/folder\/k6\.sock: /),
    });
  });

  it('leave out what the build context leaves out, and nothing they copy', () => {
    const kept = readFileSync(join(root, 'deploy/Dockerfile.dockerignore'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    const copied = [...readFileSync(join(root, 'deploy/Dockerfile'), 'utf8').matchAll(/^COPY (?!--)(.+) \S+$/gm)].flatMap(([, from = '']) =>
      from.split(' '),
    );
    expect([...new Set(copied)].sort()).toEqual(kept.sort());
  });
});
