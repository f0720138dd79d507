// `debug=1` leaves out the runtime's calls at the start of a stack, and with them what a goroutine waits for.
import { expect, it } from '@jest/globals';
import { request } from '../testing/profile.ts';
import { describeGoroutines } from './describe.ts';
import { counted, mainInSelect, own, profile } from '../testing/frames.ts';
import { provenLeaks } from './leaks.ts';
import { readGoroutines } from './read.ts';
import { waitsOfRequests } from './requests.ts';

const senders = (count: number, form = counted) => readGoroutines(form([[count, own.sender]]));

it('suspects growth though the state is not reported, with that reason', () => {
  expect(describeGoroutines(senders(4_000), senders(10)).findings).toMatchObject([
    {
      code: 'LeakSuspected',
      outcome: 'inconclusive',
      measured: 3_990,
      message:
        '3,990 more goroutines than before are at main.send main.go:15: this profile format does not contain what it waits for; capture debug=0',
    },
  ]);
});

it('compares a site with one of another form by its place alone', () => {
  expect(describeGoroutines(senders(4_000), senders(4_000, profile)).findings).toEqual([]);
  expect(describeGoroutines(senders(4_000, profile), senders(3_000)).findings).toMatchObject([{ code: 'LeakSuspected', measured: 1_000 }]);
});

it('proves no leak of main that may park in select {}, and passes it neither', () => {
  const leaks = readGoroutines(
    counted(
      [
        [1, mainInSelect],
        [3, own.sender],
      ],
      'goroutineleak',
    ),
  );
  expect(provenLeaks([leaks])).toMatchObject([{ site: 'main.send main.go:15', count: 3 }]);
  expect(describeGoroutines(leaks).findings).toMatchObject([
    { outcome: 'fail', subject: 'main.send main.go:15' },
    {
      code: 'LeakSuspected',
      outcome: 'inconclusive',
      message:
        'main waits at main.main main.go:147, and this profile format does not show whether in `select {}`, which would not be a leak; capture debug=0',
    },
  ]);
});

it('has no finding on main in select {} where the state is reported', () => {
  const { findings, tables } = describeGoroutines(readGoroutines(profile([[1, mainInSelect]], 'goroutineleak')));
  expect([findings, tables[0]?.rows[0]?.at(-1)]).toEqual([[], 'main, parked while other goroutines work']);
});

it('does not count a request whose state is not reported as using the CPU', () => {
  const acquire = request('runtime.gopark', 'runtime.selectgo', 'golang.org/x/sync/semaphore.(*Weighted).Acquire /go/semaphore.go:74');
  expect(waitsOfRequests([readGoroutines(counted([[9, acquire]]))])).toMatchObject({ inFlight: 9, waits: [{ on: 'other', requests: 9 }] });
});
