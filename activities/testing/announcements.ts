// One announcement for each kind of event, and the lines in which every chat service has to show it.
import type { Announcement } from '../bookkeeping-contract.ts';
import { PAGE } from './strict-receivers.ts';

const always = {
  key: 'go-api/run/7',
  release: 'go-api',
  service: 'shop/go-api',
  at: '2026-11-24T06:00:00Z',
  rehearsal: false,
  targets: ['team'],
  launchAt: '2026-11-24T09:00:00Z',
  links: { page: PAGE },
};
const launch = 'launch 2026-11-24 09:00 UTC (in 3 h)';
const link = `Open the page -> ${PAGE}`;

export interface EventCase {
  announcement: Announcement;
  lines: readonly string[];
}

export const events: Readonly<Record<string, EventCase>> = {
  'a start of a rehearsal': {
    announcement: {
      ...always,
      rehearsal: true,
      checkpoint: 'three-days',
      verdict: 'go',
      message: 'Li Wei started the countdown; launch at 2026-11-24 09:00 UTC',
      command: 'tminus explain go-api',
    },
    lines: [
      'REHEARSAL go: go-api, shop/go-api, three-days',
      'Li Wei started the countdown; launch at 2026-11-24 09:00 UTC',
      launch,
      'tminus explain go-api',
      link,
    ],
  },
  'a wait for approval': {
    announcement: {
      ...always,
      checkpoint: 'final-poll',
      verdict: 'hold',
      message: '0 of 2 approvals',
      waitsFor: ['release-managers', '值班 SRE & <ops>'],
      deadlineAt: '2026-11-24T08:30:00Z',
      command: 'tminus approve go-api -m "…"',
    },
    lines: [
      'hold: go-api, shop/go-api, final-poll',
      '0 of 2 approvals',
      'waiting for release-managers or 值班 SRE & <ops>',
      'deadline 2026-11-24 08:30 UTC (in 2 h 30 m)',
      launch,
      'tminus approve go-api -m "…"',
      link,
    ],
  },
  'a hold with a hostile comment': {
    announcement: {
      ...always,
      checkpoint: 'final-poll',
      verdict: 'hold',
      message:
        'Mei held final-poll: <!channel> <@U1> <@all> @all @所有人 <at user_id="all">all</at> [go](https://evil.example) [a] [b] ' +
        '<https://evil.example|log in> ![x](https://evil.example/x.png) &lt;!here&gt; **GO** `x`\n# GO go-api at launch\u202E',
      deadlineAt: '2026-11-24T08:30:00Z',
      command: 'tminus explain go-api',
    },
    lines: [
      'hold: go-api, shop/go-api, final-poll',
      'Mei held final-poll: <!channel> <@U1> <@all> @all @所有人 <at user_id="all">all</at> [go](https://evil.example) [a] [b] ' +
        '<https://evil.example|log in> ![x](https://evil.example/x.png) &lt;!here&gt; **GO** `x` # GO go-api at launch',
      'deadline 2026-11-24 08:30 UTC (in 2 h 30 m)',
      launch,
      'tminus explain go-api',
      link,
    ],
  },
  'a no-go with reasons': {
    announcement: {
      ...always,
      checkpoint: 'load',
      verdict: 'no-go',
      message: 'p99 of POST /api/order/create 420 ms > 300 ms; rate(http_errors_total[5m]) 2 % > 0.1 %; 磁盘 🧯 0.9 GB < 1 GB',
      command: 'tminus explain go-api',
    },
    lines: [
      'no-go: go-api, shop/go-api, load',
      'p99 of POST /api/order/create 420 ms > 300 ms; rate(http_errors_total[5m]) 2 % > 0.1 %; 磁盘 🧯 0.9 GB < 1 GB',
      launch,
      'tminus explain go-api',
      link,
    ],
  },
  'an end, rolled back by the restorer': {
    announcement: {
      ...always,
      checkpoint: '',
      verdict: 'no-go',
      service: 'prod/shop/go-api',
      message: 'image of go-api: restored, because countdown go-api ended as TERMINATED and left it.',
      command: 'tminus leftovers',
    },
    lines: [
      'no-go: go-api, prod/shop/go-api',
      'image of go-api: restored, because countdown go-api ended as TERMINATED and left it.',
      'tminus leftovers',
      link,
    ],
  },
};
