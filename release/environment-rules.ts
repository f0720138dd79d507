import { nearName } from './near-name.ts';
import { shortWord } from './problem.ts';
import type { Ruling } from './rules.ts';

/** What must fit together in an environment file: a cluster names a Prometheus that is there. */
export function ruleEnvironment(content: unknown): Ruling {
  const spec = fieldsOf(fieldsOf(content)['spec']);
  const known = Object.keys(fieldsOf(spec['prometheus']));
  const errors = Object.entries(fieldsOf(spec['clusters'])).flatMap(([cluster, fields]) => {
    const { prometheus } = fieldsOf(fields);
    if (typeof prometheus !== 'string' || known.includes(prometheus)) return [];
    const near = nearName(prometheus, known);
    const hint = near === null ? 'name one of those under spec.prometheus' : `did you mean "${near}"?`;
    return [
      {
        path: ['spec', 'clusters', cluster, 'prometheus'],
        at: 'value' as const,
        message: `no Prometheus is called "${shortWord(prometheus)}"`,
        hint,
      },
    ];
  });
  return { errors, warnings: [] };
}

function fieldsOf(content: unknown): Record<string, unknown> {
  return typeof content === 'object' && content !== null && !Array.isArray(content) ? (content as Record<string, unknown>) : {};
}
