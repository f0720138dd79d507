import { buildsAtOnce, measured, partsTable, sideBySide } from './side-by-side.ts';
import type { Job } from './side-by-side.ts';
import { run } from './command.ts';

const GIB = 2 ** 30;

test.each([
  ['one per core with memory to spare', 24, 2, 2],
  ['one per 3 GiB where memory is short', 7, 8, 2],
  ['one at a time at least', 1, 4, 1],
])('builds %s', (_, availableGib, cores, expected) => {
  expect(buildsAtOnce(availableGib * GIB, cores)).toBe(expected);
});

test('starts the longest job first, and the next as soon as one of those that run has ended', async () => {
  const started: string[] = [];
  const ends = new Map<string, (cpuSeconds: number) => void>();
  const job = (name: string, cpuSeconds: number): Job => ({
    name,
    cpuSeconds,
    work: () => {
      started.push(name);
      return new Promise((end) => void ends.set(name, end));
    },
  });
  const all = sideBySide([job('k6', 100), job('kubernetes', 500), job('images', 80), job('temporal', 350)], 2);
  const turn = () => new Promise((next) => setImmediate(next));
  await turn();
  expect(started).toEqual(['kubernetes', 'temporal']);
  ends.get('temporal')?.(333);
  await turn();
  expect(started).toEqual(['kubernetes', 'temporal', 'k6']);
  for (const name of ['kubernetes', 'k6']) ends.get(name)?.(1);
  await turn();
  ends.get('images')?.(2);
  const parts = await all;
  expect(parts.map(({ name, cpuSeconds }) => [name, cpuSeconds])).toEqual([
    ['temporal', 333],
    ['kubernetes', 1],
    ['k6', 1],
    ['images', 2],
  ]);
});

test('stops the jobs that run when one fails, starts no more, and throws the first failure after the others have ended', async () => {
  const events: string[] = [];
  const jobs: Job[] = [
    {
      name: 'kubernetes',
      cpuSeconds: 3,
      work: (stop) =>
        new Promise((_, reject) =>
          stop.addEventListener('abort', () =>
            setTimeout(() => {
              events.push('kubernetes has ended');
              reject(new Error('stopped'));
            }, 50),
          ),
        ),
    },
    { name: 'temporal', cpuSeconds: 2, work: () => Promise.reject(new Error('go build of temporal failed')) },
    { name: 'k6', cpuSeconds: 1, work: async () => events.push('k6 has started') },
  ];
  await expect(sideBySide(jobs, 2)).rejects.toThrow('go build of temporal failed');
  expect(events).toEqual(['kubernetes has ended']);
});

test('measures the CPU time of programs that ended meanwhile', async () => {
  const busy = ['sh', '-c', 'i=0; while [ $i -lt 500000 ]; do i=$((i+1)); done'];
  const [result, part] = await measured('loop', async () => (await run(busy), 'done'));
  expect(result).toBe('done');
  expect(part.name).toBe('loop');
  expect(part.cpuSeconds).toBeGreaterThan(0.05);
  expect(part.wallSeconds).toBeGreaterThanOrEqual(part.cpuSeconds * 0.9);
});

test('prints a row for each part, and the whole with the sum of CPU seconds and its own wall seconds', () => {
  const parts = [
    { name: 'kubernetes 1.35.8', wallSeconds: 400.4, cpuSeconds: 500.2 },
    { name: 'images', wallSeconds: 60, cpuSeconds: 70 },
  ];
  expect(partsTable(parts, 410)).toEqual([
    'set-up  part                           wall s    CPU s',
    'set-up  kubernetes 1.35.8                 400      500',
    'set-up  images                             60       70',
    'set-up  all (parts overlap)               410      570',
  ]);
});
