import { nearName } from './near-name.ts';
import { shortWord } from './problem.ts';
import type { Ruling } from './rules.ts';

/** Rule of an environment file: every cluster names an existing Prometheus. */
export function ruleEnvironment(content: unknown): Ruling {
  const spec = fieldsOf(fieldsOf(content)['spec']);
  const known = Object.keys(fieldsOf(spec['prometheus']));
  const errors = Object.entries(fieldsOf(spec['clusters'])).flatMap(([cluster, fields]) => {
    const { prometheus } = fieldsOf(fields);
    if (typeof prometheus !== 'string' || known.includes(prometheus)) return [];
    const near = nearName(prometheus, known);
    const hint = near === null ? 'name one of the servers under spec.prometheus' : `did you mean "${near}"?`;
    return [
      {
        path: ['spec', 'clusters', cluster, 'prometheus'],
        at: 'value' as const,
        message: `there is no Prometheus named "${shortWord(prometheus)}"`,
        hint,
      },
    ];
  });
  return { errors, warnings: [] };
}

function fieldsOf(content: unknown): Record<string, unknown> {
  return typeof content === 'object' && content !== null && !Array.isArray(content) ? (content as Record<string, unknown>) : {};
}
